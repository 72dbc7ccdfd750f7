# Rerun the references: Rscript tests/reference/generate.R CASE [CSV], or without a name for all of them.
# CSV, where given, takes the place of the case's data.
arguments <- commandArgs(trailingOnly = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
reference <- dirname(script)
sources <- c(
  "read_case.R", "lavaan_case.R", "lavaan_parts.R", "twolevel_case.R", "reliability_case.R", "method_bias_case.R",
  "level_case.R", "lme4_case.R", "mixed_extras.R", "discrete_case.R", "invariance_case.R", "dimension_case.R",
  "quality_case.R"
)
for (file in sources) source(file.path(reference, file))

expected_of <- list(
  sem = sem_expected, compare = compare_expected, polychoric = polychoric_expected,
  reliability = reliability_expected, method_bias = method_bias_expected, levels = level_expected,
  mixed = mixed_expected, discrete = discrete_expected, invariance = invariance_expected,
  dimension = dimension_expected, structure = structure_expected,
  quality = quality_expected
)

generate <- function(name, csv = NULL) {
  case <- read_case(reference, name)
  case$csv <- csv
  write_expected(expected_of[[case$kind]](case), file.path(case$folder, "expected.json"))
}

cases <- sort(basename(dirname(list.files(reference, "^case\\.yaml$", recursive = TRUE))))
if (length(arguments)) {
  generate(arguments[1], if (length(arguments) > 1) arguments[2])
} else {
  for (name in cases) {
    # The study's own cases read its clean responses: 'smartcity clean', then generate.R CASE clean.csv.
    if (startsWith(name, "smartcity_")) next
    message(name)
    generate(name)
  }
}
