"""R's NA as a value."""

from __future__ import annotations


class NAType:
    """R's NA as the value of `re_form`: no random effects at all."""

    def __repr__(self) -> str:
        return "NA"

    def __reduce__(self) -> str:
        return "NA"


#: ``re.form = NA`` of lme4: predict without any random effects.
NA = NAType()
