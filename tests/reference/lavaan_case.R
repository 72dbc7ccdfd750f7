# Fits a case by lavaan and collects what lavaan says of it. Options have the names of our command.

# Our option names on the left, lavaan's on the right; what isn't listed has the same name.
LAVAAN_NAMES <- c(
  std_lv = "std.lv", group_equal = "group.equal", group_partial = "group.partial", weights = "sampling.weights"
)

# The saturated model under missing data, closer than lavaan's default of 1e-5.
EXACT_EM <- list(em.h1.tol = 1e-12, em.h1.iter.max = 10000)

lavaan_arguments <- function(case) {
  options <- case$options
  known <- names(options) %in% names(LAVAAN_NAMES)
  names(options)[known] <- LAVAAN_NAMES[names(options)[known]]
  options$cov <- options$means <- options$nobs <- NULL
  if (identical(options$ordered, "all")) options$ordered <- TRUE
  if (identical(options$missing, "fiml")) options <- c(options, EXACT_EM)
  options
}

# Rows, or the moments in the case's folder.
lavaan_data <- function(case) {
  if (is.null(case$options$cov)) return(list(data = read_data(case)))
  matrix_of <- function(file) as.matrix(read.csv(file.path(case$folder, file), row.names = 1))
  out <- list(sample.cov = matrix_of(case$options$cov), sample.nobs = case$options$nobs)
  if (!is.null(case$options$means)) {
    means <- matrix_of(case$options$means)
    out$sample.mean <- setNames(means[, 1], rownames(means))
  }
  out
}

fit_case <- function(case, model_file = "model.lav") {
  model <- read_text(file.path(case$folder, model_file))
  sem <- function(...) do.call("sem", list(...), envir = asNamespace("lavaan"))
  arguments <- c(list(model = model), lavaan_data(case), lavaan_arguments(case))
  if (grepl("level:", model, fixed = TRUE)) exact_unrestricted()
  fit <- do.call(sem, arguments)
  if (lavaan::lavInspect(fit, "nlevels") > 1) return(polished_two_level(fit))
  start <- newton_table(fit)
  if (is.null(start)) return(fit)
  # 'fixed.x' is said again, since lavaan drops its default when it is given a table of starting values.
  again <- list(start = start, optim.method = "none", fixed.x = lavaan::lavInspect(fit, "options")$fixed.x)
  polished <- do.call(sem, c(arguments, again))
  stopifnot(fmin(polished) <= fmin(fit) + 1e-6)
  polished
}

fmin <- function(fit) as.numeric(lavaan::fitMeasures(fit, "fmin"))

# lavaan stops where the gradient is about 1e-6, which leaves some 1e-6 in the estimates, and more under constraints.
# Newton steps on its own gradient, on the constraints that hold with equality, take that away; the second
# fit only evaluates at the point they reach.
newton_table <- function(fit) {
  if (!fit@Model@nx.free) return(NULL)
  x <- newton_point(fit)
  table <- lavaan::parTable(fit)
  table$est[table$free > 0] <- x[table$free[table$free > 0]]
  as.data.frame(table)
}

newton_point <- function(fit) {
  model <- fit@Model
  x <- lavaan:::lav_model_get_parameters(model)
  slope <- function(x) gradient_of(fit, lavaan:::lav_model_set_parameters(model, x))
  hessian <- numDeriv::jacobian(slope, x, method.args = list(r = 2))
  binding <- binding_constraints(model, x)
  for (step in 1:40) {
    constraint <- linearised(binding, x)
    rank <- length(constraint$value)
    border <- rbind(cbind(hessian, t(constraint$normals)), cbind(constraint$normals, matrix(0, rank, rank)))
    move <- solve(border, -c(gradient_of(fit, model), constraint$value))[seq_along(x)]
    x <- x + move
    model <- lavaan:::lav_model_set_parameters(model, x)
    if (max(abs(move)) < 1e-13) break
  }
  x
}

# The gradient lavaan minimises with: under missing data groups aren't weighted again.
gradient_of <- function(fit, model) {
  as.vector(lavaan:::lav_model_gradient(
    model, lavsamplestats = fit@SampleStats, lavdata = fit@Data, group.weight = !fit@SampleStats@missing.flag
  ))
}

# Values and independent normals of the constraints at x.
linearised <- function(binding, x) {
  if (is.null(binding)) return(list(normals = matrix(0, 0, length(x)), value = numeric(0)))
  normals <- numDeriv::jacobian(binding, x)
  decomposition <- qr(t(normals))
  keep <- decomposition$pivot[seq_len(decomposition$rank)]
  list(normals = normals[keep, , drop = FALSE], value = binding(x)[keep])
}

# What must be zero: equalities, and inequalities that bind at x. Null where there is none.
binding_constraints <- function(model, x) {
  below <- if (nrow(model@cin.JAC)) abs(model@cin.function(x)) < 1e-4 else logical(0)
  if (!nrow(model@ceq.JAC) && !any(below)) return(NULL)
  function(x) c(if (nrow(model@ceq.JAC)) model@ceq.function(x), if (any(below)) model@cin.function(x)[below])
}

# Group number to label (with 'group:' blocks lavaan gives the label itself); null where there is one group,
# and for defined parameters.
group_label <- function(fit, number) {
  labels <- lavaan::lavInspect(fit, "group.label")
  if (length(labels) == 0 || is.null(number)) return(NULL)
  if (is.character(number)) return(ifelse(number %in% labels, number, NA_character_))
  ifelse(number > 0, labels[pmax(number, 1)], NA_character_)
}

with_group <- function(fit, table) {
  label <- group_label(fit, table$group)
  table$group <- if (is.null(label)) rep(NA_character_, nrow(table)) else label
  names(table) <- underscored(names(table))
  table
}

# 1 or 2, also where levels have names of their own; 1 for defined parameters, as for models of one level.
level_number <- function(level) {
  if (is.null(level)) return(1)
  if (is.numeric(level)) return(pmax(level, 1))
  place <- match(level, setdiff(unique(level), ""))
  ifelse(is.na(place), 1, place)
}

parameter_table <- function(fit) {
  table <- as.data.frame(lavaan::parameterEstimates(fit, standardized = TRUE))
  table <- with_group(fit, table)
  table$level <- level_number(table$level)
  if (is.null(table$label)) table$label <- ""
  columns <- c(
    "lhs", "op", "rhs", "group", "level", "label", "est", "se", "z", "pvalue", "ci_lower", "ci_upper",
    "std_lv", "std_all"
  )
  table[columns]
}

fit_list <- function(fit) {
  measures <- lavaan::fitMeasures(fit)
  setNames(as.list(as.numeric(measures)), underscored(names(measures)))
}

# A list per group, or the thing itself where there is one group.
per_group <- function(fit, value, transform = identity) {
  if (lavaan::lavInspect(fit, "ngroups") == 1) transform(value) else lapply(value, transform)
}

r_squared <- function(fit) {
  value <- tryCatch(lavaan::lavInspect(fit, "rsquare"), error = function(e) NULL)
  if (length(value) == 0) return(NULL)
  per_group(fit, value, named)
}

plain_matrix <- function(x) unname(matrix(as.numeric(x), nrow(x), ncol(x)))

# Names, N, means and covariance (divisor N) of the rows a fit used, a list per group. lavaan itself fits the
# covariance with divisor N - 1 where the estimator isn't ML.
moments <- function(fit) {
  groups <- lavaan::lavInspect(fit, "sampstat", drop.list.single.group = FALSE)
  nobs <- lavaan::lavInspect(fit, "nobs")
  labels <- lavaan::lavInspect(fit, "group.label")
  lapply(seq_along(groups), function(g) {
    divisor <- if (lavaan::lavInspect(fit, "options")$estimator == "ML") 1 else 1 - 1 / nobs[g]
    cov <- groups[[g]]$cov * divisor
    rows <- fit@Data@X[[g]]
    mean <- groups[[g]]$mean
    if (is.null(mean) && length(rows) > 0) mean <- colMeans(rows)
    list(
      group = if (length(labels)) labels[g] else NULL, nobs = nobs[g], names = as.list(colnames(cov)),
      mean = if (is.null(mean)) NULL else as.list(as.numeric(mean)), cov = plain_matrix(cov)
    )
  })
}

versions <- function(packages) {
  found <- vapply(packages, function(p) as.character(packageVersion(p)), character(1))
  c(list(R = paste(R.version$major, R.version$minor, sep = ".")), as.list(found))
}

# 'gradient_max' is what is left of the gradient along the constraints.
optimiser <- function(fit) {
  x <- lavaan:::lav_model_get_parameters(fit@Model)
  normals <- linearised(binding_constraints(fit@Model, x), x)$normals
  gradient <- gradient_of(fit, fit@Model)
  if (nrow(normals)) gradient <- qr.resid(qr(t(normals)), gradient)
  list(converged = lavaan::lavInspect(fit, "converged"), gradient_max = max(abs(gradient), 0))
}

# Moments say all there is to a fit by normal-theory ML, GLS or ULS of complete, unweighted, unclustered rows.
moments_suffice <- function(options) {
  is.null(options$missing) && is.null(options$ordered) && is.null(options$weights) && is.null(options$cluster) &&
    options$estimator %in% c("ML", "GLS", "ULS")
}

sem_expected <- function(case) {
  fit <- fit_case(case)
  asked <- function(part, value) if (part %in% case$dump) value
  list(
    versions = versions("lavaan"), optimiser = optimiser(fit), nobs = lavaan::lavInspect(fit, "ntotal"),
    parameters = parameter_table(fit), fit = fit_list(fit), r2 = r_squared(fit),
    moments = if (moments_suffice(case$options)) moments(fit),
    sample_statistics = asked("sample_statistics", sample_statistics(fit)),
    standardized = asked("standardized", standardized_table(fit)),
    modindices = asked("modindices", modification_table(fit)),
    residuals = asked("residuals", residual_lists(fit)),
    scores = asked("scores", score_lists(fit)),
    score_test = asked("score_test", score_test(fit)), icc = asked("icc", named(lavaan::lavInspect(fit, "icc")))
  )
}
