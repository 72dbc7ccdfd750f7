# Quality of data: Little's test from lavaan's saturated model, Mardia by psych, Henze and Zirkler's test from their
# paper; cases that say 'imputed' are imputed by mice, and pooled by mice and semTools.

# Little (1988), on rows that hold something.
little <- function(rows, model) {
  rows <- rows[rowSums(!is.na(rows)) > 0, ]
  fit <- lavaan::lavaan(model, rows, missing = "fiml", em.h1.tol = 1e-13, em.h1.iter.max = 10000, do.fit = FALSE,
    meanstructure = TRUE, auto.var = TRUE, int.ov.free = TRUE)
  h1 <- lavaan::lavInspect(fit, "sampstat.h1")
  mu <- h1$mean[names(rows)]
  sigma <- h1$cov[names(rows), names(rows)]
  pattern <- apply(is.na(rows), 1, paste, collapse = "")
  part <- function(block) {
    seen <- !is.na(block[1, ])
    off <- colMeans(block[, seen, drop = FALSE]) - mu[seen]
    c(nrow(block) * drop(off %*% solve(sigma[seen, seen], off)), sum(seen))
  }
  parts <- sapply(split(rows, pattern), part)
  df <- sum(parts[2, ]) - ncol(rows)
  chisq <- sum(parts[1, ])
  list(n = nrow(rows), n_patterns = ncol(parts), chisq = chisq, df = df, pvalue = pchisq(chisq, df, lower.tail = FALSE))
}

# Henze & Zirkler (1990), theorems 3.1 and 3.2.
henze_zirkler <- function(x) {
  n <- nrow(x)
  d <- ncol(x)
  beta <- ((2 * d + 1) * n / 4)^(1 / (d + 4)) / sqrt(2)
  s <- cov(x) * (n - 1) / n
  own <- mahalanobis(x, colMeans(x), s)
  both <- as.matrix(dist(x %*% solve(chol(s))))^2
  # dist() of the whitened rows gives the distances of all pairs.
  t <- sum(exp(-beta^2 / 2 * both)) / n -
    2 * (1 + beta^2)^(-d / 2) * sum(exp(-beta^2 * own / (2 * (1 + beta^2)))) + n * (1 + 2 * beta^2)^(-d / 2)
  a <- 1 + 2 * beta^2
  w <- (1 + beta^2) * (1 + 3 * beta^2)
  mu <- 1 - a^(-d / 2) * (1 + d * beta^2 / a + d * (d + 2) * beta^4 / (2 * a^2))
  var <- 2 * (1 + 4 * beta^2)^(-d / 2) +
    2 * a^(-d) * (1 + 2 * d * beta^4 / a^2 + 3 * d * (d + 2) * beta^8 / (4 * a^4)) -
    4 * w^(-d / 2) * (1 + 3 * d * beta^4 / (2 * w) + d * (d + 2) * beta^8 / (2 * w^2))
  list(statistic = t, pvalue = plnorm(t, log(mu^2 / sqrt(mu^2 + var)), sqrt(log(1 + var / mu^2)), lower.tail = FALSE))
}

mardia <- function(x) {
  found <- psych::mardia(x, plot = FALSE)
  list(n = found$n.obs, skew = found$b1p, skew_chisq = found$skew, skew_pvalue = found$p.skew, kurtosis = found$b2p,
    kurtosis_z = found$kurtosis, kurtosis_pvalue = found$p.kurt)
}

# mice's data sets, fitted by lavaan one by one and pooled by mice; by semTools together.
pooled <- function(case, rows, model) {
  completed <- mice::complete(mice::mice(rows, m = case$imputed, seed = case$seed, printFlag = FALSE), "all")
  long <- do.call(rbind, lapply(seq_along(completed), function(k) cbind(set = k, completed[[k]])))
  write.csv(long, file.path(case$folder, "imputed.csv"), row.names = FALSE, quote = FALSE)
  fits <- lapply(completed, function(data) lavaan::sem(model, data, meanstructure = TRUE))
  tables <- lapply(fits, lavaan::parameterEstimates)
  row <- function(i) {
    est <- sapply(tables, function(t) t$est[i])
    se <- sapply(tables, function(t) t$se[i])
    p <- mice::pool.scalar(est, se^2, n = nrow(rows), k = lavaan::fitMeasures(fits[[1]], "npar"))
    large <- mice::pool.scalar(est, se^2)
    cbind(tables[[1]][i, c("lhs", "op", "rhs")], data.frame(estimate = p$qbar, within = p$ubar, between = p$b,
      total = p$t, df = p$df, df_rubin = large$df, relative_increase = p$r, fmi = p$fmi))
  }
  free <- which(tables[[1]]$se > 0)
  method <- function(name) getMethod(name, "lavaan.mi", where = asNamespace("semTools"))
  together <- semTools::sem.mi(model, completed, meanstructure = TRUE)
  d2 <- semTools::lavTestLRT.mi(together, test = "D2", asymptotic = FALSE)
  list(
    parameters = do.call(rbind, lapply(free, row)),
    chisq = sapply(fits, lavaan::fitMeasures, "chisq"),
    d2 = as.list(setNames(d2[c("F", "df1", "df2", "pvalue", "ariv")], c("F", "df1", "df2", "pvalue", "ariv"))),
    semtools = list(est = as.list(unclass(method("coef")(together))), se = as.list(sqrt(diag(method("vcov")(together, scale.W = FALSE)))))
  )
}

quality_expected <- function(case) {
  model <- read_text(file.path(case$folder, "model.lav"))
  rows <- read_data(case)
  if (!is.null(case$data$first_rows)) rows <- head(rows, case$data$first_rows)
  rows <- rows[lavaan::lavNames(lavaan::lavaanify(model), "ov")]
  complete <- as.matrix(na.omit(rows))
  list(
    versions = versions(c("lavaan", "psych", "mice", "semTools")), nobs = nrow(rows),
    mcar = if (anyNA(rows)) little(rows, model), mardia = if (nrow(complete)) mardia(complete),
    henze_zirkler = if (nrow(complete)) henze_zirkler(complete),
    pooled = if (!is.null(case$imputed)) pooled(case, rows, model)
  )
}
