# Common method bias by lavaan: a latent method factor, the CFA marker technique; and what base R says of the items.

# The case's model with further lines; constructs have unit variance.
with_lines <- function(case, lines = character(0)) {
  fit_text(case, paste(c(read_text(file.path(case$folder, "model.lav")), lines), collapse = "\n"), std.lv = TRUE)
}

difference_row <- function(full, restricted, names) {
  table <- lavaan::lavTestLRT(full, restricted)
  data.frame(full = names[1], restricted = names[2], chisq_diff = table[["Chisq diff"]][2],
    df_diff = table[["Df diff"]][2], pvalue = table[["Pr(>Chisq)"]][2])
}

fit_row <- function(name, fit) {
  measures <- lavaan::fitMeasures(fit, c("chisq", "df", "cfi", "rmsea"))
  cbind(model = name, as.data.frame(as.list(measures)))
}

# 'method' on all items, uncorrelated with the constructs; 'equal' gives it one unstandardised loading.
method_factor <- function(case, base, members, equal) {
  items <- unlist(members)
  lines <- c(
    paste("method =~", paste(if (equal) "m *" else "", items, collapse = " + ")),
    paste("method ~~ 0 *", names(members))
  )
  fit <- with_lines(case, lines)
  loadings <- lavaan::lavInspect(fit, "std")$lambda
  substantive <- rowSums(loadings[, names(members)])
  list(
    equal = equal, fit = fit_row("with method factor", fit), test = difference_row(fit, base, c("with", "without")),
    loadings = data.frame(item = rownames(loadings), substantive = abs(substantive), method = abs(loadings[, "method"]),
      row.names = NULL),
    substantive_share = mean(substantive^2), method_share = mean(loadings[, "method"]^2)
  )
}

# Williams, Hartman & Cavazotte (2010): CFA, Baseline, Method-C, Method-U, Method-R.
marker_models <- function(case, cfa, members) {
  marker <- case$marker
  others <- setdiff(names(members), marker)
  own <- members[[marker]]
  rest <- unlist(members[others])
  table <- lavaan::parameterEstimates(cfa)
  value <- function(lhs, op, rhs) {
    sprintf("%.17g", table$est[table$lhs == lhs & table$op == op & table$rhs == rhs])
  }
  baseline <- c(
    sprintf("%s =~ %s", others, sapply(members[others], paste, collapse = " + ")),
    paste(marker, "~~ 0 *", others),
    sprintf("%s =~ %s * %s", marker, sapply(own, function(x) value(marker, "=~", x)), own),
    sprintf("%s ~~ %s * %s", own, sapply(own, function(x) value(x, "~~", x)), own)
  )
  constant <- c(baseline, sprintf("%s =~ m * %s", marker, rest))
  unequal <- c(baseline, sprintf("%s =~ %s", marker, rest))
  of_lines <- function(lines) fit_text(case, paste(lines, collapse = "\n"), std.lv = TRUE)
  fits <- list(
    CFA = cfa, Baseline = of_lines(baseline), "Method-C" = of_lines(constant), "Method-U" = of_lines(unequal)
  )
  second <- difference_row(fits[["Method-U"]], fits[["Method-C"]], c("Method-U", "Method-C"))
  retained <- if (second$pvalue < 0.05) "Method-U" else "Method-C"
  table <- lavaan::parameterEstimates(fits$Baseline)
  pairs <- combn(others, 2)
  fixed <- sprintf("%s ~~ %s * %s", pairs[1, ], mapply(value, pairs[1, ], "~~", pairs[2, ]), pairs[2, ])
  fits[["Method-R"]] <- of_lines(c(if (retained == "Method-U") unequal else constant, fixed))
  tests <- rbind(
    difference_row(fits[["Method-C"]], fits$Baseline, c("Method-C", "Baseline")), second,
    difference_row(fits[[retained]], fits[["Method-R"]], c(retained, "Method-R"))
  )
  list(retained = retained, tests = tests, models = do.call(rbind, unname(Map(fit_row, names(fits), fits))))
}

# Full collinearity: R squared of each construct's mean of items on all others.
full_collinearity <- function(rows, members) {
  means <- as.data.frame(lapply(members, function(x) rowMeans(rows[x])))
  sapply(names(means), function(x) 1 / (1 - summary(lm(reformulate(setdiff(names(means), x), x), means))$r.squared))
}

method_bias_expected <- function(case) {
  base <- with_lines(case)
  members <- items_by_factor(base)
  rows <- as.data.frame(lavaan::lavInspect(base, "data"))
  components <- prcomp(rows, scale. = TRUE)$sdev^2
  list(
    versions = versions("lavaan"), nobs = nrow(rows),
    single_factor_share = components[1] / sum(components), vif = as.list(full_collinearity(rows, members)),
    method_factors = lapply(as.logical(case$equal), function(equal) method_factor(case, base, members, equal)),
    marker = marker_models(case, base, members), moments = moments(base)
  )
}
