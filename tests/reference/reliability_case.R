# Scale quality by semTools and psych, of the model's factors and of their items' complete rows.

alpha_row <- function(items) {
  quiet <- suppressMessages(suppressWarnings(psych::alpha(items, warnings = FALSE)))
  list(alpha = quiet$total$raw_alpha, ci_lower = quiet$feldt$lower.ci[[1]], ci_upper = quiet$feldt$upper.ci[[1]])
}

mardia <- function(rows) {
  found <- psych::mardia(rows, plot = FALSE)
  list(
    skew = found$b1p, skew_chisq = found$skew, skew_pvalue = found$p.skew,
    kurtosis = found$b2p, kurtosis_z = found$kurtosis, kurtosis_pvalue = found$p.kurt
  )
}

# 'omega' is the composite reliability with the model's total variance, 'omega_observed' (McDonald's, row omega3) with
# the observed one; 'alpha' of semTools is that of the model's sample covariance.
reliability_expected <- function(case) {
  fit <- fit_case(case)
  table <- suppressMessages(suppressWarnings(semTools::reliability(fit)))
  factors <- lavaan::lavNames(fit, "lv")
  loadings <- lavaan::parTable(fit)
  items_of <- function(factor) loadings$rhs[loadings$lhs == factor & loadings$op == "=~"]
  rows <- as.data.frame(lavaan::lavInspect(fit, "data"))
  model <- read_text(file.path(case$folder, "model.lav"))
  ratios <- function(geometric) named(unclass(semTools::htmt(model, data = rows, htmt2 = geometric)))
  psych_alpha <- do.call(rbind, lapply(factors, function(f) as.data.frame(alpha_row(rows[items_of(f)]))))
  list(
    versions = versions(c("lavaan", "semTools", "psych")), nobs = nrow(rows),
    scales = data.frame(
      construct = factors, alpha = table["alpha", factors], omega = table["omega", factors],
      omega_observed = table["omega3", factors], ave = table["avevar", factors], row.names = NULL
    ),
    alpha_feldt = cbind(construct = factors, psych_alpha),
    htmt_geometric = ratios(TRUE), htmt_arithmetic = ratios(FALSE), mardia = mardia(rows),
    kmo = psych::KMO(rows)$MSA, latent_correlation = named(unclass(lavaan::lavInspect(fit, "cor.lv"))),
    moments = moments(fit)
  )
}
