# Reliability within and between clusters: semTools' reliability() of a two-level model with model.lav on both levels
# (omega of each level as in Geldhof, Preacher & Zyphur 2014; alpha of the unrestricted covariances).
level_expected <- function(case) {
  model <- read_text(file.path(case$folder, "model.lav"))
  fit <- fit_text(case, paste("level: 1", model, "level: 2", model, sep = "\n"))
  found <- setNames(quietly(semTools::reliability(fit)), c("within", "between"))
  row_of <- function(row) lapply(found, function(x) by_construct(setNames(x[row, ], colnames(x))))
  list(
    versions = versions(c("lavaan", "semTools")), nobs = lavaan::lavInspect(fit, "nobs"),
    n_clusters = lavaan::lavInspect(fit, "nclusters"), omega = row_of("omega"), alpha = row_of("alpha")
  )
}
