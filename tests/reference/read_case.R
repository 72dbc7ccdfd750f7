# Reads a case: its case.yaml (the part of YAML that the cases use), its models and its data.
# Kept free of the package 'yaml', so that lavaan or lme4 and jsonlite are all that a rerun needs.

# A value of case.yaml: number, true/false, null, text, or a list in brackets.
yaml_value <- function(text) {
  if (grepl("^\\[.*\\]$", text)) {
    inside <- substr(text, 2, nchar(text) - 1)
    return(unlist(lapply(trimws(strsplit(inside, ",")[[1]]), yaml_value)))
  }
  if (grepl("^(\".*\"|'.*')$", text)) return(substr(text, 2, nchar(text) - 1))
  if (text %in% c("true", "false")) return(text == "true")
  if (text == "null") return(NULL)
  number <- suppressWarnings(as.numeric(text))
  if (is.na(number)) text else number
}

# case.yaml as a nested list: 'key: value' lines, sections indented by two blanks, no deeper.
read_yaml <- function(path) {
  lines <- readLines(path, encoding = "UTF-8")
  lines <- lines[!grepl("^\\s*(#|$)", lines)]
  out <- list()
  section <- NULL
  for (line in lines) {
    key <- sub("^\\s*([^:]+):.*$", "\\1", line)
    text <- trimws(sub("^[^:]+:", "", line))
    if (!startsWith(line, " ")) section <- NULL
    if (text == "") {
      section <- key
      out[[key]] <- list()
    } else if (is.null(section)) {
      out[[key]] <- yaml_value(text)
    } else {
      out[[section]][[key]] <- yaml_value(text)
    }
  }
  out
}

# Folder of the data that the repository doesn't ship: SMARTCITY_DATA, or ../shared/data beside the repository.
shared_folder <- function(reference) {
  named <- Sys.getenv("SMARTCITY_DATA")
  if (nzchar(named)) named else file.path(reference, "..", "..", "..", "shared", "data")
}

data_path <- function(case) {
  if (!is.null(case$csv)) return(case$csv)
  if (!is.null(case$data$shared)) return(file.path(shared_folder(case$reference), case$data$shared))
  file.path(case$reference, case$data$file)
}

# The case's rows, with declared missing codes as NA. 'delete_every: k' takes out every k-th cell of
# 'delete_from', counting along rows from the first: cell c = (row - 1) * columns + column goes if k divides c.
read_data <- function(case) {
  data <- read.csv(data_path(case), stringsAsFactors = FALSE, na.strings = c("NA", ""))
  for (code in case$data$missing_codes) data[data == code] <- NA
  every <- case$data$delete_every
  if (!is.null(every)) {
    columns <- case$data$delete_from
    cells <- t(as.matrix(data[columns]))
    cells[seq_along(cells) %% every == 0] <- NA
    data[columns] <- t(cells)
  }
  data
}

read_text <- function(path) paste(readLines(path, encoding = "UTF-8"), collapse = "\n")

read_case <- function(reference, name) {
  folder <- file.path(reference, name)
  case <- read_yaml(file.path(folder, "case.yaml"))
  case$reference <- reference
  case$folder <- folder
  case
}

# Every double with 17 significant digits, so that it comes back as it was ('digits' of jsonlite stops at 15).
full_precision <- function(x) {
  if (is.list(x)) {
    x[] <- lapply(x, full_precision)
  } else if (is.numeric(x)) {
    x[] <- ifelse(is.finite(x), sprintf("#%.17g", x), NA)
  }
  x
}

# One row of a table a line.
to_json <- function(value) {
  text <- jsonlite::toJSON(full_precision(value), auto_unbox = TRUE, na = "null", null = "null")
  text <- gsub("\"#([^\"]*)\"", "\\1", text)
  text <- gsub("},{", "},\n  {", text, fixed = TRUE)
  gsub("],[", "],\n  [", text, fixed = TRUE)
}

write_expected <- function(parts, path) {
  parts <- parts[!vapply(parts, is.null, logical(1))]
  body <- mapply(function(key, value) sprintf("\"%s\": %s", key, to_json(value)), names(parts), parts)
  writeLines(c("{", paste(body, collapse = ",\n"), "}"), path, useBytes = TRUE)
}

underscored <- function(names) gsub(".", "_", names, fixed = TRUE)
