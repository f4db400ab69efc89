# `make help` lists what there is. LMEBRIDGE_NO_R=1 installs nothing for R, LMEBRIDGE_REQUIRE_R=1 makes a missing R a failure.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
# Files of tests are spread over the cores; PYTEST_ARGS="-n 0" runs them one after the other.
PARALLEL := -n auto --dist loadfile
export LMEBRIDGE_VENV := $(VENV)

# The data that may not be redistributed, where they lie beside the project.
ifneq ($(wildcard ../shared/data),)
export LMEBRIDGE_DATA ?= $(abspath ../shared/data)
endif

# Tests of the lme4 backend that `make test` runs twice, first with R in a process of its own as the door.
THROUGH_WORKER := tests/backends/test_r.py tests/backends/test_lme4.py tests/test_exchange.py

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-installed test-pymer4 lint wheel goldens fixtures docs benchmark clean

help:  ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## */\1\t/' | expand -t 18

setup:  ## make .venv, install the package, R and lme4 where that may be done
	@$(PYTHON) scripts/setup.py

demo: setup  ## fit the models of three published documents and compare every printed number
	@$(VENV)/bin/lmebridge demo
	@echo "The same through R in a process of its own (LMEBRIDGE_R=worker):"
	@LMEBRIDGE_R=worker $(VENV)/bin/lmebridge demo --backend lme4 --brief

test:  ## run the tests (PYTEST_ARGS="-k name" for some)
	@$(PYTHON) scripts/setup.py --tests
	$(if $(filter-out -q,$(PYTEST_ARGS)),,LMEBRIDGE_R=worker $(VENV)/bin/pytest -q $(PARALLEL) $(THROUGH_WORKER))
	$(VENV)/bin/pytest $(PARALLEL) $(PYTEST_ARGS)

test-installed:  ## build the wheel and test it from a clean environment without rpy2
	@$(PYTHON) scripts/setup.py --tests
	$(VENV)/bin/python scripts/test_installed.py

test-pymer4:  ## cross-check against pymer4 in an environment of its own
	@$(PYTHON) scripts/setup.py --tests
	$(VENV)/bin/python scripts/test_pymer4.py

lint:  ## check style and types
	@$(PYTHON) scripts/setup.py --tests --lint
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

wheel:  ## build the wheel into dist/
	@$(PYTHON) scripts/setup.py --tests
	$(VENV)/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .

goldens:  ## write R's own numbers for fixtures/cases.csv and fixtures/scripts again (needs R; review the difference)
	Rscript r/make_goldens.R
	Rscript r/make_goldens.R --cases fixtures/glmer_cases.csv --out fixtures/goldens/generalized
	Rscript r/make_inference_goldens.R
	Rscript r/make_interval_goldens.R
	Rscript r/make_script_goldens.R

fixtures:  ## export the tests' data from R's packages again (needs R with lme4, nlme, MASS, mlmRev)
	Rscript r/export_data.R
	Rscript r/export_script_data.R
	$(PYTHON) scripts/write_registry.py

docs: setup  ## write the generated parts of README.md and docs/ again
	@$(PYTHON) scripts/setup.py --tests
	$(VENV)/bin/python scripts/write_support_table.py
	$(VENV)/bin/python scripts/write_gallery.py
	$(VENV)/bin/python scripts/write_migration_table.py

benchmark:  ## time fits and conversions
	@$(PYTHON) scripts/setup.py --tests --benchmarks
	$(VENV)/bin/pytest benchmarks -s $(PYTEST_ARGS)

clean:  ## remove what was built
	rm -rf dist build .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks
