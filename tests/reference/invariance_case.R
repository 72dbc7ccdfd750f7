# Measurement invariance by semTools::measEq.syntax and lavaan: the ladder, a search for partial invariance by
# lavTestScore, and latent means. The options are those of 'smartcity invariance'.

LADDERS <- list(
  continuous = list(metric = "loadings", scalar = "intercepts", strict = "residuals"),
  ordinal = list(thresholds = "thresholds", metric = "loadings", scalar = "intercepts", strict = "residuals"),
  binary = list(scalar = c("thresholds", "loadings", "intercepts"), strict = "residuals")
)

# 'bands: {name: [column, a, b]}': 1 below a, 2 from a on, 3 from b on.
banded <- function(case, data) {
  for (name in names(case$bands)) {
    by <- case$bands[[name]]
    data[[name]] <- findInterval(as.numeric(data[[by[1]]]), as.numeric(by[-1])) + 1
  }
  data
}

# Theta parameterisation, in which residual variances can be equal; chi-squares and score tests are the same in either.
ladder_arguments <- function(case) {
  arguments <- lavaan_arguments(case)
  arguments$max_releases <- arguments$delta_cfi <- arguments$delta_rmsea <- arguments$delta_srmr <- NULL
  if (!is.null(arguments$ordered)) arguments$parameterization <- "theta"
  arguments
}

ladder_syntax <- function(case, data, equal, released) {
  arguments <- ladder_arguments(case)
  options <- list(
    configural.model = read_text(file.path(case$folder, "model.lav")), data = data, group = arguments$group,
    ID.fac = "std.lv", ID.cat = "Wu.Estabrook.2016", group.equal = if (length(equal)) equal else "",
    group.partial = if (length(released)) released else ""
  )
  items <- setdiff(lavaan::lavNames(options$configural.model, "ov"), character(0))
  if (!is.null(arguments$ordered)) {
    options$ordered <- if (isTRUE(arguments$ordered)) items else arguments$ordered
    options$parameterization <- "theta"
  }
  if (identical(arguments$missing, "fiml")) options$missing <- "fiml"
  as.character(do.call(semTools::measEq.syntax, options))
}

solve_syntax <- function(case, data, syntax) {
  arguments <- ladder_arguments(case)
  sem <- function(...) do.call("sem", list(...), envir = asNamespace("lavaan"))
  call <- c(list(model = syntax, data = data), arguments)
  fit <- do.call(sem, call)
  start <- newton_table(fit)
  polished <- do.call(sem, c(call, list(start = start, optim.method = "none", fixed.x = FALSE)))
  stopifnot(fmin(polished) <= fmin(fit) + 1e-6)
  polished
}

ladder_fit <- function(case, data, equal, released) {
  solve_syntax(case, data, ladder_syntax(case, data, equal, released))
}

# Intercepts and residual variances of latent responses that are fixed in all groups, as free ones after the first
# group that constraints hold at that value: so that lavTestScore can let them go.
with_constraints <- function(syntax, kind, n_groups) {
  value <- if (kind == "intercepts") 0 else 1
  lines <- strsplit(syntax, "\n")[[1]]
  operator <- if (kind == "intercepts") "~" else "~~"
  fixed <- sprintf("c(%s)*", paste(rep(value, n_groups), collapse = ", "))
  found <- grep(paste(operator, fixed), lines, fixed = TRUE)
  found <- found[!grepl("=~|[|]", lines[found])]
  added <- character(0)
  for (k in found) {
    item <- sub(" .*", "", lines[k])
    right <- if (kind == "intercepts") "1" else item
    label <- paste0("rel.", k, ".", seq_len(n_groups))
    free <- paste(c(value, rep("NA", n_groups - 1)), collapse = ", ")
    lines[k] <- sprintf("%s %s c(%s)*%s + c(%s)*%s", item, operator, free, right, paste(label, collapse = ", "), right)
    added <- c(added, paste(label[-1], "==", value))
  }
  paste(c(lines, added), collapse = "\n")
}

# The index in its robust version where both fits have it, else scaled, else plain.
changes <- function(now, before) {
  one <- fit_list(now)
  other <- fit_list(before)
  has <- function(x, key) !is.null(x[[key]]) && is.finite(x[[key]])
  ending <- ""
  for (version in c("_scaled", "_robust")) {
    if (all(sapply(paste0(c("cfi", "rmsea"), version), function(key) has(one, key) && has(other, key)))) ending <- version
  }
  keys <- c(paste0("cfi", ending), paste0("rmsea", ending), "srmr")
  list(cfi = one[[keys[1]]] - other[[keys[1]]], rmsea = one[[keys[2]]] - other[[keys[2]]],
    srmr = one[[keys[3]]] - other[[keys[3]]])
}

# Chen's cutoffs, smaller for 300 rows and fewer, or those of the case.
holds <- function(delta, options, kind, nobs) {
  limit <- function(key, many, few) if (is.null(options[[key]])) (if (nobs > 300) many else few) else options[[key]]
  of_loadings <- kind %in% c("thresholds", "loadings")
  -delta$cfi <= limit("delta_cfi", 0.01, 0.005) && delta$rmsea <= limit("delta_rmsea", 0.015, 0.01) &&
    delta$srmr <= limit("delta_srmr", if (of_loadings) 0.03 else 0.01, if (of_loadings) 0.025 else 0.005)
}

item_of <- function(parameter) if (grepl("=~", parameter)) sub(".*=~", "", parameter) else sub("[|~].*", "", parameter)

# Score tests of all parameters that were made equal, each let go in every group.
candidate_tests <- function(case, data, equal, released, kind) {
  syntax <- ladder_syntax(case, data, equal, released)
  n_groups <- length(unique(stats::na.omit(data[[case$options$group]])))
  if (kind %in% c("intercepts", "residuals") && case$ladder != "continuous") {
    syntax <- with_constraints(syntax, kind, n_groups)
  }
  fit <- solve_syntax(case, data, syntax)
  table <- lavaan::parTable(fit)
  own <- table[!table$op %in% c("==", "<", ">", ":="), ]
  pattern <- list(loadings = "=~", thresholds = "|", intercepts = "~1", residuals = "~~")[[kind]]
  items <- lavaan::lavNames(fit, "ov")
  name <- paste0(own$lhs, own$op, own$rhs)
  is_kind <- own$op == pattern & (own$lhs %in% items | kind == "loadings")
  if (kind == "residuals") is_kind <- is_kind & own$lhs == own$rhs
  named <- c(setNames(name, own$plabel), setNames(name, own$label)[own$label != ""])
  equalities <- table[table$op == "==", ]
  side <- ifelse(equalities$rhs %in% names(named), named[equalities$rhs], named[equalities$lhs])
  out <- lapply(intersect(unique(name[is_kind]), unique(side)), function(parameter) {
    test <- lavaan::lavTestScore(fit, release = which(side == parameter), epc = FALSE)$test
    data.frame(parameter = parameter, x2 = test$X2, df = test$df, pvalue = test$p.value)
  })
  do.call(rbind, out)
}

# Two items of each factor, and two thresholds of each item, stay equal.
allowed <- function(fit, parameter, released) {
  if (parameter %in% released) return(FALSE)
  item <- item_of(parameter)
  varying <- unique(vapply(released, item_of, ""))
  table <- lavaan::parTable(fit)
  if (grepl("|", parameter, fixed = TRUE)) {
    thresholds <- unique(table$rhs[table$op == "|" & table$lhs == item])
    gone <- sum(startsWith(released, paste0(item, "|")))
    if (length(thresholds) - gone <= 2) return(FALSE)
  }
  if (item %in% varying) return(TRUE)
  factors <- unique(table$lhs[table$op == "=~" & table$rhs == item])
  all(vapply(factors, function(factor) {
    members <- unique(table$rhs[table$op == "=~" & table$lhs == factor])
    length(setdiff(members, c(varying, item))) >= 2
  }, TRUE))
}

# Means of the groups after the first, and over the pooled standard deviation.
mean_table <- function(fit) {
  table <- with_group(fit, as.data.frame(lavaan::parameterEstimates(fit)))
  labels <- lavaan::lavInspect(fit, "group.label")
  n <- setNames(lavaan::lavInspect(fit, "nobs"), labels)
  variances <- table[table$op == "~~" & table$lhs == table$rhs, ]
  variance <- function(factor, group) variances$est[variances$lhs == factor & variances$group == group]
  means <- table[table$op == "~1" & table$lhs %in% lavaan::lavNames(fit, "lv") & table$group != labels[1], ]
  first <- labels[1]
  means$std_diff <- mapply(function(factor, group, est) {
    pooled <- (n[[group]] * variance(factor, group) + n[[first]] * variance(factor, first)) / (n[[group]] + n[[first]])
    est / sqrt(pooled)
  }, means$lhs, means$group, means$est)
  means[c("lhs", "group", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_diff")]
}

difference_of <- function(restricted, full) {
  if (lavaan::fitMeasures(restricted, "df") == lavaan::fitMeasures(full, "df")) return(NULL)
  table <- lavaan::lavTestLRT(full, restricted)
  list(chisq_diff = table[["Chisq diff"]][2], df_diff = table[["Df diff"]][2], pvalue = table[["Pr(>Chisq)"]][2])
}

step_of <- function(name, fit, below, released, ok) {
  list(
    name = name, released = as.list(released), fit = fit_list(fit), optimiser = optimiser(fit),
    test = if (!is.null(below)) difference_of(fit, below), delta = if (!is.null(below)) changes(fit, below), holds = ok
  )
}

invariance_expected <- function(case) {
  data <- banded(case, derive(case, read_data(case)))
  options <- case$options
  most <- if (is.null(options$max_releases)) 5 else options$max_releases
  rungs <- LADDERS[[case$ladder]]
  below <- ladder_fit(case, data, character(0), character(0))
  nobs <- lavaan::lavInspect(below, "ntotal")
  steps <- list(step_of("configural", below, NULL, character(0), NULL))
  releases <- list()
  means <- NULL
  released <- equal <- character(0)
  intact <- TRUE
  for (rung in names(rungs)) {
    equal <- c(equal, rungs[[rung]])
    kind <- rev(rungs[[rung]])[1]
    try_it <- function(released) {
      fit <- ladder_fit(case, data, equal, released)
      tested <- lavaan::fitMeasures(fit, "df") > lavaan::fitMeasures(below, "df")
      list(fit = fit, ok = if (tested) holds(changes(fit, below), options, kind, nobs) else NA)
    }
    inherited <- length(released) > 0
    now <- try_it(released)
    steps <- c(steps, list(step_of(if (inherited) paste("partial", rung) else rung, now$fit, below, released, now$ok)))
    full <- now
    loosened <- released
    made <- 0
    while (isFALSE(now$ok) && intact && made < most) {
      tests <- candidate_tests(case, data, equal, loosened, kind)
      tests <- tests[vapply(tests$parameter, function(p) allowed(now$fit, p, loosened), TRUE), ]
      if (nrow(tests) == 0) break
      best <- tests[which.max(tests$x2), ]
      loosened <- c(loosened, best$parameter)
      now <- try_it(loosened)
      made <- made + 1
      releases <- c(releases, list(c(list(step = rung), as.list(best), list(holds = now$ok))))
    }
    if (made > 0) {
      name <- paste0("partial ", rung, if (inherited) paste0(" (", made, " more)"))
      steps <- c(steps, list(step_of(name, now$fit, below, loosened, now$ok)))
    }
    if (isFALSE(now$ok)) {
      intact <- FALSE
      below <- full$fit
    } else {
      released <- loosened
      below <- now$fit
    }
    if (rung == "scalar" && intact) means <- mean_table(now$fit)
  }
  list(versions = versions(c("lavaan", "semTools")), nobs = nobs, steps = steps,
    releases = releases, latent_means = means)
}
