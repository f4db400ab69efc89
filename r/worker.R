# A process that answers calls: `Rscript worker.R <in> <out> <files>` reads frames from the pipe with file descriptor <in>,
# answers on <out>, and ends when the first pipe does. `door.R` is the one way in; nothing is left in the workspace.

# A frame is four bytes of magic, an int32 that says what it is, a double with the payload's length, and the payload, which
# is R's own binary serialization. All are in the machine's byte order, since both ends are on one machine.
if (getRversion() < "3.6.0") {
  message("R ", getRversion(), " is too old for lmebridge, which needs R 3.6.0 or later")
  quit("no", 3L)
}

evalq(envir = new.env(parent = baseenv()), {
  magic <- charToRaw("LMB1")
  kinds <- c(greeting = 0L, call = 1L, answer = 2L, settle = 3L)

  open_pipe <- function(number, mode) file(paste0("/dev/fd/", number), mode, raw = TRUE)

  # The next frame's kind and value; NULL at the end of the pipe.
  read_frame <- function(pipe) {
    header <- readBin(pipe, "raw", 16L)
    if (length(header) < 16L) return(NULL)
    if (!identical(header[1:4], magic)) stop("this is no frame: ", paste(header, collapse = " "))
    size <- readBin(header[9:16], "double")
    payload <- readBin(pipe, "raw", size)
    if (length(payload) < size) return(NULL)
    list(kind = readBin(header[5:8], "integer"), payload = payload)
  }

  # The payload is made before anything is written: what fails then can still be answered with an error.
  write_frame <- function(pipe, kind, value) {
    payload <- serialize(value, NULL, xdr = FALSE, version = 2L)
    writeBin(c(magic, writeBin(kinds[[kind]], raw()), writeBin(as.double(length(payload)), raw())), pipe)
    writeBin(payload, pipe)
    flush(pipe)
  }

  # What only R can hold stays here, under a number that goes in its place.
  held <- new.env(parent = emptyenv())
  count <- 0

  hold <- function(value) {
    count <<- count + 1
    held[[as.character(count)]] <- value
    list(.held = count)
  }

  release <- function(numbers) {
    if (length(numbers)) rm(list = intersect(as.character(numbers), ls(held, sorted = FALSE)), envir = held)
  }

  # As rpy2's door has it: bare vectors and lists of them go, with the names of lists; all else stays.
  portable <- function(value) {
    if (is.null(value)) return(NULL)
    if (isS4(value) || !(typeof(value) %in% plain)) return(hold(value))
    if (!is.list(value)) return(bare(value))
    names <- names(value)
    if (identical(names, "kept")) return(list(kept = hold(value[[1L]])))
    structure(lapply(unname(unclass(value)), portable), names = names)
  }
  bare <- function(vector) {
    attributes(vector) <- NULL
    vector
  }
  plain <- c("logical", "integer", "double", "character", "raw", "list")

  receive_held <- function(value) {
    name <- as.character(value$number)
    if (!exists(name, envir = held, inherits = FALSE)) stop("there is no object ", name, " in this process")
    held[[name]]
  }

  load_functions <- function(files) {
    functions <- new.env(parent = baseenv())
    for (file in files) sys.source(file, functions)
    functions$receivers$held <- receive_held
    functions
  }

  failed <- function(error) {
    text <- list(message = enc2utf8(conditionMessage(error)), call = "")
    list(error = text, conditions = list())
  }

  # Interrupts are let in while one of our functions runs, and nowhere else, so that no frame is cut in two.
  # One that came while R was at rest is told from those: nothing was begun, and the call can be made again.
  answer_to <- function(functions, payload) {
    if (is_interrupted()) return(list(interrupted = TRUE, before = TRUE, conditions = list()))
    tryCatch({
      call <- unserialize(payload)
      release(call$released)
      portable(allowInterrupts(functions$run(call$name, call$arguments, call$keep)))
    }, error = failed, interrupt = function(condition) list(interrupted = TRUE, conditions = list()))
  }

  # Takes an interrupt that waits; R looks for one at every thousandth step.
  is_interrupted <- function() {
    tryCatch({
      allowInterrupts(for (step in seq_len(2000L)) {})
      FALSE
    }, interrupt = function(condition) TRUE)
  }

  # Takes an interrupt that came after its call had ended.
  settle <- function() {
    is_interrupted()
    list(value = NULL)
  }

  greeting <- function(functions) {
    here <- list(protocol = 1L, pid = Sys.getpid(), endian = .Platform$endian, encoding = l10n_info()[["UTF-8"]])
    c(here, functions$provenance())
  }

  # Whether the value itself could be sent, for which there may be too little memory.
  write_answer <- function(pipe, value) {
    tryCatch({
      write_frame(pipe, "answer", value)
      TRUE
    }, error = function(error) {
      write_frame(pipe, "answer", failed(error))
      FALSE
    })
  }

  serve <- function(arguments) {
    requests <- open_pipe(arguments[[1L]], "rb")
    answers <- open_pipe(arguments[[2L]], "wb")
    functions <- load_functions(arguments[-(1:2)])
    write_frame(answers, "greeting", greeting(functions))
    while (!is.null(frame <- read_frame(requests))) {
      value <- if (frame$kind == kinds[["settle"]]) settle() else answer_to(functions, frame$payload)
      sent <- write_answer(answers, value)
      value <- NULL
      if (!sent) gc()  # a package that is loaded next finds no room where garbage lies
    }
  }

  # The folder that Python made for this process; Python may have been killed before it could remove it, and before the
  # greeting, which nobody takes then, is an error.
  folder <- Sys.getenv("TMPDIR")
  tryCatch(
    suspendInterrupts(serve(commandArgs(trailingOnly = TRUE))),
    finally = if (startsWith(basename(folder), "lmebridge-")) unlink(folder, recursive = TRUE)
  )
})
