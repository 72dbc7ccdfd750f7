# Scale quality by semTools and psych, of the model's factors and of their items' complete rows.

quietly <- function(value) suppressMessages(suppressWarnings(value))

# Row names, the order of factors in lavaan.
by_construct <- function(values) data.frame(construct = names(values), value = as.numeric(values), row.names = NULL)

alpha_row <- function(items) {
  found <- quietly(psych::alpha(items, warnings = FALSE))
  list(alpha = found$total$raw_alpha, ci_lower = found$feldt$lower.ci[[1]], ci_upper = found$feldt$upper.ci[[1]])
}

# Items with their correlation with the rest and alpha without them.
item_table <- function(factor, items) {
  found <- quietly(psych::alpha(items, warnings = FALSE))
  dropped <- if (ncol(items) > 2) found$alpha.drop$raw_alpha else NA_real_
  data.frame(construct = factor, item = names(items), rest_correlation = found$item.stats$r.drop,
    alpha_if_dropped = dropped, row.names = NULL)
}

mardia <- function(rows) {
  found <- psych::mardia(rows, plot = FALSE)
  list(
    skew = found$b1p, skew_chisq = found$skew, skew_pvalue = found$p.skew,
    kurtosis = found$b2p, kurtosis_z = found$kurtosis, kurtosis_pvalue = found$p.kurt
  )
}

# Observed items of each factor, those of the factors below included.
items_by_factor <- function(fit) {
  table <- lavaan::parTable(fit)
  factors <- lavaan::lavNames(fit, "lv")
  below <- function(factor) {
    members <- table$rhs[table$lhs == factor & table$op == "=~"]
    unique(unlist(lapply(members, function(x) if (x %in% factors) below(x) else x)))
  }
  sapply(factors, below, simplify = FALSE)
}

# Each coefficient of compRelSEM over the factors that items measure directly. 'total' is the share of all factors
# together; 'higher' names a higher-order factor.
composites <- function(fit, case) {
  coefficient <- function(...) quietly(semTools::compRelSEM(fit, ...))
  out <- list(
    alpha = coefficient(tau.eq = TRUE), omega = coefficient(obs.var = FALSE), omega_observed = coefficient()
  )
  if (lavaan::lavInspect(fit, "categorical")) {
    out$alpha_ordinal <- coefficient(tau.eq = TRUE, ord.scale = FALSE)
    out$omega_latent_response <- coefficient(ord.scale = FALSE, obs.var = FALSE)
    # Of the answers as they are; lavaan's scales of latent responses have no part in it.
    out$alpha <- NULL
  } else {
    # Of ordinal items semTools 0.5-6 has no total: omegaCat() there takes a matrix and is given its sum.
    out$omega_total <- coefficient(obs.var = FALSE, return.total = -1)
  }
  if (!is.null(case$higher)) {
    out$omega_higher <- coefficient(obs.var = FALSE, higher = case$higher)[case$higher]
    out$omega_higher_observed <- coefficient(higher = case$higher)[case$higher]
  }
  lapply(out, by_construct)
}

# Constructs of unit variance; lavaan's own optimum, since a polished fit cannot be updated.
pair_table <- function(case) {
  arguments <- c(list(model = read_text(file.path(case$folder, "model.lav"))), lavaan_data(case), lavaan_arguments(case))
  fit <- quietly(do.call("cfa", c(arguments, std.lv = TRUE), envir = asNamespace("lavaan")))
  tests <- function(merge) {
    found <- quietly(semTools::discriminantValidity(fit, cutoff = 1, merge = merge))
    data.frame(
      construct = found$lhs, other = found$rhs, restriction = if (merge) "one factor" else "perfect correlation",
      correlation = found$est, chisq_diff = found[["Chisq diff"]], df_diff = found[["Df diff"]],
      pvalue = found[["Pr(>Chisq)"]]
    )
  }
  rbind(tests(FALSE), tests(TRUE))
}

# Parts of a case: 'pairs' tests of pairs of constructs, 'htmt', 'mardia'.
reliability_expected <- function(case) {
  fit <- fit_case(case)
  rows <- as.data.frame(lavaan::lavInspect(fit, "data"))
  members <- items_by_factor(fit)
  several <- members[lengths(members) > 1]
  model <- read_text(file.path(case$folder, "model.lav"))
  ordered <- if (lavaan::lavInspect(fit, "categorical")) lavaan::lavNames(fit, "ov.ord")
  ratios <- function(geometric) {
    named(unclass(quietly(semTools::htmt(model, data = rows, htmt2 = geometric, ordered = ordered))))
  }
  of_factors <- function(f) do.call(rbind, lapply(names(several), f))
  wants <- function(part) part %in% case$parts
  list(
    versions = versions(c("lavaan", "semTools", "psych")), nobs = nrow(rows), composites = composites(fit, case),
    ave = if (wants("ave")) by_construct(quietly(semTools::AVE(fit, obs.var = FALSE))),
    alpha_feldt = of_factors(function(f) cbind(construct = f, as.data.frame(alpha_row(rows[several[[f]]])))),
    items = of_factors(function(f) item_table(f, rows[several[[f]]])),
    glb = by_construct(sapply(several, function(x) quietly(psych::glb.algebraic(cov(rows[x]))$glb))),
    htmt_geometric = if (wants("htmt")) ratios(TRUE), htmt_arithmetic = if (wants("htmt")) ratios(FALSE),
    pairs = if (wants("pairs")) pair_table(case), mardia = if (wants("mardia")) mardia(rows),
    kmo = if (wants("mardia")) psych::KMO(rows)$MSA,
    latent_correlation = named(unclass(lavaan::lavInspect(fit, "cor.lv"))),
    moments = if (is.null(ordered)) moments(fit)
  )
}
