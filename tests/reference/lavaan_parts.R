# What a case can ask for beyond estimates and fit, in 'dump' of its case.yaml.

# Estimates standardised by all variables, with delta-method standard errors. lavaan names no levels here; its rows are
# those of its parameter table.
standardized_table <- function(fit) {
  table <- with_group(fit, as.data.frame(lavaan::standardizedSolution(fit, type = "std.all")))
  table$group <- if (is.null(table$group)) NA_character_ else table$group
  own <- lavaan::parTable(fit)
  own <- own[!own$op %in% c("==", "<", ">"), ]
  stopifnot(all(own$lhs == table$lhs))
  level <- if (lavaan::lavInspect(fit, "nlevels") > 1) "level"
  table$level <- level_number(own$level)
  table[c("lhs", "op", "rhs", "group", level, "est_std", "se", "z", "pvalue", "ci_lower", "ci_upper")]
}

modification_table <- function(fit) {
  table <- with_group(fit, as.data.frame(lavaan::modindices(fit)))
  table[c("lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all")]
}

# A matrix or vector of lavaan with its names, for JSON.
named <- function(x) {
  if (is.matrix(x)) return(list(rows = as.list(rownames(x)), columns = as.list(colnames(x)), values = plain_matrix(x)))
  if (is.list(x)) return(lapply(x, named))
  as.list(setNames(as.numeric(x), names(x)))
}

residual_lists <- function(fit) {
  of_type <- function(type) {
    value <- lavaan::residuals(fit, type = type)
    per_group(fit, value, function(group) named(group[names(group) %in% c("cov", "mean", "th")]))
  }
  sapply(
    c(raw = "raw", correlation = "cor.bollen", normalized = "normalized", standardized = "standardized"),
    of_type,
    simplify = FALSE
  )
}

# Scores of the first ten rows that were used.
score_lists <- function(fit) {
  of_method <- function(method) per_group(fit, lavaan::lavPredict(fit, method = method), function(x) named(head(x, 10)))
  list(regression = of_method("regression"), bartlett = of_method("Bartlett"))
}

# Moments that lavaan fits: with ordinal variables polychoric correlations, thresholds, slopes of covariates.
sample_statistics <- function(fit) per_group(fit, lavaan::lavInspect(fit, "sampstat"), named)

# Score test of each released equality, its two sides named by parameter instead of by lavaan's '.p1.'.
score_test <- function(fit) {
  result <- lavaan::lavTestScore(fit, epc = FALSE)
  table <- lavaan::parTable(fit)
  name <- paste0(table$lhs, table$op, table$rhs)
  labels <- lavaan::lavInspect(fit, "group.label")
  if (length(labels)) name <- paste(name, labels[pmax(table$group, 1)], sep = " | ")
  named_side <- function(side) {
    place <- match(side, table$plabel)
    ifelse(is.na(place), side, name[place])
  }
  uni <- as.data.frame(result$uni)
  total <- as.data.frame(result$test)
  list(
    total = list(x2 = total$X2, df = total$df, pvalue = total$p.value),
    single = data.frame(lhs = named_side(uni$lhs), rhs = named_side(uni$rhs), x2 = uni$X2, df = uni$df,
      pvalue = uni$p.value)
  )
}

# Comparison of model.lav with the nested restricted.lav (or with the options in 'restricted'), by each method.
compare_expected <- function(case) {
  full <- fit_case(case)
  narrow <- case
  narrow$options <- modifyList(case$options, as.list(case$restricted))
  file <- if (file.exists(file.path(case$folder, "restricted.lav"))) "restricted.lav" else "model.lav"
  restricted <- fit_case(narrow, file)
  test_of <- function(method) {
    table <- lavaan::lavTestLRT(full, restricted, method = method)
    list(chisq_diff = table[["Chisq diff"]][2], df_diff = table[["Df diff"]][2], pvalue = table[["Pr(>Chisq)"]][2])
  }
  models <- list(full = full, restricted = restricted)
  list(
    versions = versions("lavaan"), optimiser = lapply(models, optimiser),
    models = lapply(models, fit_list),
    tests = setNames(lapply(case$methods, test_of), underscored(case$methods)),
    moments = if (moments_suffice(case$options)) moments(full)
  )
}

# Thresholds, polychoric (polyserial, Pearson) correlations and lower triangle of their asymptotic covariance times N.
polychoric_expected <- function(case) {
  data <- read_data(case)[case$variables]
  ordered <- if (identical(case$options$ordered, "all")) names(data) else case$options$ordered
  missing <- if (is.null(case$options$missing)) "listwise" else case$options$missing
  fit <- lavaan::lavCor(data, ordered = ordered, missing = missing, output = "fit", se = "robust.sem")
  gamma <- lavaan::lavInspect(fit, "gamma")
  triangle <- lapply(seq_len(nrow(gamma)), function(i) as.list(unname(gamma[i, seq_len(i)])))
  list(
    versions = versions("lavaan"), nobs = lavaan::lavInspect(fit, "ntotal"),
    sample_statistics = named(lavaan::lavInspect(fit, "sampstat")),
    gamma = list(names = as.list(rownames(gamma)), lower = triangle)
  )
}
