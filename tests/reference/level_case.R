# Reliability within and between clusters: from the two covariances, by base R and lavaan, and from a two-level model.

level_expected <- function(case) {
  model <- read_text(file.path(case$folder, "model.lav"))
  items <- lavaan::lavNames(lavaan::lavaanify(model), "ov")
  rows <- na.omit(read_data(case)[c(items, case$cluster)])
  clusters <- factor(rows[[case$cluster]])
  sizes <- as.numeric(table(clusters))
  squares <- summary(manova(as.matrix(rows[items]) ~ clusters))$SS
  n <- nrow(rows)
  within <- squares$Residuals / (n - nlevels(clusters))
  size <- (n - sum(sizes^2) / n) / (nlevels(clusters) - 1)
  between <- (squares$clusters / (nlevels(clusters) - 1) - within) / size
  of_level <- function(covariance, df) {
    fit <- lavaan::cfa(model, sample.cov = covariance, sample.nobs = df + 1)
    list(covariance = named(covariance), omega = by_construct(semTools::compRelSEM(fit, obs.var = FALSE)),
      alpha = by_construct(semTools::compRelSEM(fit, tau.eq = TRUE)))
  }
  list(
    versions = versions(c("lavaan", "semTools")), nobs = n, n_clusters = nlevels(clusters), size = size,
    within = of_level(within, n - nlevels(clusters)), between = of_level(between, nlevels(clusters) - 1),
    two_level = two_level(model, rows, case$cluster)
  )
}

# semTools' reliability() gives omega of each level (Geldhof, Preacher & Zyphur 2014) beside lavaan's estimates.
two_level <- function(model, rows, cluster) {
  both <- paste("level: 1", model, "level: 2", model, sep = "\n")
  fit <- lavaan::cfa(both, data = rows, cluster = cluster)
  found <- quietly(semTools::reliability(fit))
  row_of <- function(row) {
    lapply(setNames(found, c("within", "between")), function(x) by_construct(setNames(x[row, ], colnames(x))))
  }
  table <- lavaan::parameterEstimates(fit, standardized = TRUE)
  kept <- table[table$op %in% c("=~", "~~"), c("lhs", "op", "rhs", "level", "est", "std.lv")]
  names(kept) <- underscored(names(kept))
  list(
    omega = row_of("omega"), alpha = row_of("alpha"), parameters = kept,
    saturated = lapply(lavaan::lavInspect(fit, "h1"), function(level) named(unclass(level$cov)))
  )
}
