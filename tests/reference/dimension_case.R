# What psych says of the dimensions of a set of items: adequacy, eigenvalues, minimum average partial, factors and their
# rotations; and of kind 'structure' what lavaan, semTools and psych say of a general factor beside specific ones.
#
# psych's optimisers stop early (minres is given a gradient that is not that of its objective), and so do its
# rotations, which start from one place only. So Newton steps finish the extraction on its own gradient, rotations
# are run to a gradient of 1e-8 from many starts, and psych's statistics are taken at the end of that. 'psych_distance'
# is how far psych::fa itself stopped from there.

STARTS <- 30
LEAST <- 0.005

dimension_data <- function(case) {
  if (!is.null(case$package)) {
    place <- new.env()
    utils::data(list = case$dataset, package = case$package, envir = place)
    return(place[[case$dataset]][case$items])
  }
  read_data(case)[case$items]
}

# Correlations, how many respondents they are from, and the rows.
dimension_input <- function(case) {
  rows <- dimension_data(case)
  pairwise <- identical(case$options$missing, "pairwise")
  if (!pairwise) rows <- rows[stats::complete.cases(rows), ]
  rows <- rows[rowSums(!is.na(rows)) > 0, ]
  counts <- psych::pairwiseCount(rows)
  n <- psych::harmonic.mean(counts[lower.tri(counts)])
  r <- if (!identical(case$options$correlations, "polychoric")) {
    stats::cor(rows, use = "pairwise")
  } else {
    ordered <- as.data.frame(lapply(rows, ordered))
    unclass(lavaan::lavCor(ordered, ordered = names(ordered), missing = if (pairwise) "pairwise" else "listwise"))
  }
  list(rows = rows, r = matrix(r, ncol(rows), dimnames = list(names(rows), names(rows))), n = n)
}

loadings_of <- function(psi, r, k, method) {
  ml <- method == "ml"
  scaled <- if (ml) r / sqrt(outer(psi, psi)) else r - diag(psi)
  e <- eigen(scaled, symmetric = TRUE)
  values <- pmax(e$values[1:k] - if (ml) 1 else 0, 0)
  f <- e$vectors[, 1:k, drop = FALSE] %*% diag(sqrt(values), k)
  if (ml) f <- sqrt(psi) * f
  f <- f %*% diag(ifelse(colSums(f) < 0, -1, 1), k)
  dimnames(f) <- list(rownames(r), NULL)
  f
}

# Newton from psych's uniquenesses; those at the bound stay there.
polish_extraction <- function(psi, r, k, method) {
  slope <- function(psi) {
    g <- diag(tcrossprod(loadings_of(psi, r, k, method))) + psi - diag(r)
    if (method == "ml") g / psi^2 else g
  }
  free <- psi > LEAST + 1e-9
  for (step in 1:20) {
    g <- slope(psi)
    if (max(abs(g[free])) < 1e-12) break
    jacobian <- sapply(which(free), function(i) {
      h <- replace(numeric(length(psi)), i, 1e-5 * psi[i])
      (slope(psi + h) - slope(psi - h))[free] / (2e-5 * psi[i])
    })
    psi[free] <- psi[free] - solve(jacobian, g[free])
  }
  stopifnot(max(abs(slope(psi)[free])) < 1e-8, psi >= LEAST - 1e-12)
  psi
}

likelihood_discrepancy <- function(psi, r, k) {
  rest <- eigen(r / sqrt(outer(psi, psi)), symmetric = TRUE, only.values = TRUE)$values[-(1:k)]
  sum(rest - log(rest) - 1)
}

# psych starts from one place; of maximum likelihood stats::factanal starts from 20, and the lower end is taken.
starting_uniqueness <- function(found, r, k, method) {
  psi <- pmax(1 - found$communalities, LEAST)
  if (method != "ml") return(psi)
  set.seed(1)
  other <- try(stats::factanal(
    covmat = r, factors = k, rotation = "none", control = list(nstart = 20, lower = LEAST)
  )$uniquenesses, silent = TRUE)
  better <- is.numeric(other) && likelihood_discrepancy(other, r, k) < likelihood_discrepancy(psi, r, k) - 1e-7
  if (better) other else psi
}

in_order <- function(f, phi) {
  sign <- ifelse(colSums(f) < 0, -1, 1)
  f <- f %*% diag(sign)
  phi <- phi * outer(sign, sign)
  order <- order(-diag(phi %*% crossprod(f)))
  list(loadings = unclass(f)[, order], phi = phi[order, order])
}

# The lowest of the minima that GPArotation reaches.
best_rotation <- function(f, name) {
  set.seed(1)
  rotation <- getFromNamespace(name, "GPArotation")
  ends <- lapply(0:STARTS, function(i) {
    start <- if (i == 0) diag(ncol(f)) else GPArotation::Random.Start(ncol(f))
    suppressWarnings(rotation(f, Tmat = start, eps = 1e-4, maxit = 500))
  })
  values <- vapply(ends, function(end) end$Table[nrow(end$Table), 2], 0)
  suppressWarnings(rotation(f, Tmat = ends[[which.min(values)]]$Th, eps = 1e-8, maxit = 1000))
}

rotated <- function(f, name) {
  if (name %in% c("oblimin", "geominQ")) {
    end <- best_rotation(f, name)
    return(in_order(end$loadings, end$Phi))
  }
  # stats::varimax, which psych takes, stops where its steps gain little and leaves up to 1e-3.
  turned <- suppressWarnings(GPArotation::Varimax(f, normalize = TRUE, eps = 1e-8))$loadings
  if (name == "varimax") return(in_order(turned, diag(ncol(f))))
  end <- psych::kaiser(turned, rotate = "Promax")
  in_order(unclass(end$loadings), end$Phi)
}

extraction_list <- function(input, k, method, rotations) {
  found <- quietly(psych::fa(input$r, k, n.obs = input$n, fm = method, rotate = "none"))
  psi <- polish_extraction(starting_uniqueness(found, input$r, k, method), input$r, k, method)
  f <- loadings_of(psi, input$r, k, method)
  own <- abs(unclass(found$loadings)) - abs(f)
  stats <- quietly(psych::fa.stats(input$r, f, n.obs = input$n))
  fit <- list(
    chisq = stats$STATISTIC, df = stats$dof, pvalue = stats$PVAL, rmsea = stats$RMSEA[[1]], tli = stats$TLI,
    bic = stats$BIC, rmsr = stats$rms, objective = stats$objective
  )
  turns <- lapply(setNames(rotations, rotations), function(name) {
    turn <- rotated(f, name)
    complexity <- quietly(psych::fa.stats(input$r, turn$loadings, turn$phi, n.obs = input$n))$complexity
    list(loadings = plain_matrix(turn$loadings), phi = plain_matrix(turn$phi), complexity = as.numeric(complexity))
  })
  list(
    psych_distance = max(abs(own)), loadings = plain_matrix(f), uniqueness = as.numeric(1 - rowSums(f^2)),
    psi = as.numeric(psi), fit = fit, rotations = turns
  )
}

# Mean powers of the partial correlations that psych's components leave.
average_partials <- function(r) {
  p <- ncol(r)
  fourth <- vapply(seq_len(p - 2), function(m) {
    left <- stats::cov2cor(quietly(psych::principal(r, m, rotate = "none"))$residual)
    mean(left[lower.tri(left)]^4)
  }, 0)
  squared <- quietly(psych::vss(r, n = p - 1, n.obs = 500, plot = FALSE, fm = "pc"))$map
  list(squared = squared[seq_len(p - 2)], fourth = fourth)
}

eigenvalue_list <- function(input) {
  set.seed(1)
  parallel <- function(...) {
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    sink(nullfile())
    on.exit(sink(), add = TRUE)
    quietly(psych::fa.parallel(input$r, n.obs = input$n, plot = FALSE, n.iter = 2, ...))
  }
  list(
    components = parallel()$pc.values, factors = parallel()$fa.values, factors_smc = parallel(SMC = TRUE)$fa.values
  )
}

# Eigenvalues of unrelated normal rows, with their standard deviation, by psych.
random_eigenvalues <- function(input, draws) {
  set.seed(1)
  sink(nullfile())
  on.exit(sink())
  found <- quietly(psych::fa.parallel(input$r, n.obs = round(input$n), plot = FALSE, n.iter = draws))
  p <- ncol(input$r)
  values <- found$values
  of <- function(columns) list(
    mean = colMeans(values[, columns]), sd = apply(values[, columns], 2, sd),
    percentile = apply(values[, columns], 2, quantile, 0.95)
  )
  list(draws = draws, components = of(seq_len(p)), factors = of(p + seq_len(p)))
}

dimension_expected <- function(case) {
  input <- dimension_input(case)
  kmo <- psych::KMO(input$r)
  rotations <- c("oblimin", "promax", "varimax", "geominQ")
  k <- case$options$factors
  methods <- case$options$extraction
  list(
    versions = versions(c("psych", "GPArotation", "lavaan")), nobs = input$n, names = rownames(input$r),
    correlation = plain_matrix(input$r), kmo = list(overall = kmo$MSA, items = as.numeric(kmo$MSAi)),
    bartlett = psych::cortest.bartlett(input$r, input$n), map = average_partials(input$r),
    eigenvalues = eigenvalue_list(input),
    random = if (!is.null(case$draws)) random_eigenvalues(input, case$draws),
    factors = lapply(setNames(methods, methods), function(method) {
      extraction_list(input, k, method, if (k > 1) rotations)
    })
  )
}

# The four structures by lavaan, on the case's rows, and what semTools and psych say of the bifactor one.
structure_expected <- function(case) {
  files <- c("one", "correlated", "higher", "bifactor")
  fits <- lapply(setNames(files, files), function(file) fit_case(case, paste0(file, ".lav")))
  nested <- function(restricted, full) {
    found <- quietly(lavaan::lavTestLRT(fits[[full]], fits[[restricted]]))
    list(chisq_diff = found[["Chisq diff"]][2], df_diff = found[["Df diff"]][2], pvalue = found[["Pr(>Chisq)"]][2])
  }
  bifactor <- fits$bifactor
  solution <- lavaan::standardizedSolution(bifactor, type = "std.all")
  solution <- solution[solution$op == "=~", c("lhs", "rhs", "est.std")]
  names(solution)[3] <- "est_std"
  list(
    versions = versions(c("lavaan", "semTools", "psych")), nobs = lavaan::lavInspect(bifactor, "nobs"),
    fits = lapply(fits, fit_list), higher_bifactor = nested("higher", "bifactor"), one_correlated = nested("one", "correlated"),
    loadings = solution, general = general_list(case, bifactor)
  )
}

# Of numeric items standardised by a fit to their correlations; of ordinal ones the responses behind them are.
general_list <- function(case, fit) {
  ordinal <- lavaan::lavInspect(fit, "categorical")
  r <- stats::cov2cor(unclass(lavaan::lavInspect(fit, "sampstat")$cov))
  standardised <- if (ordinal) fit else quietly(lavaan::cfa(
    read_text(file.path(case$folder, "bifactor.lav")), sample.cov = r, sample.nobs = lavaan::lavInspect(fit, "nobs"),
    sample.cov.rescale = FALSE, std.lv = TRUE, control = list(rel.tol = 1e-14)
  ))
  shares <- function(...) as.list(quietly(semTools::compRelSEM(standardised, obs.var = FALSE, ord.scale = FALSE, ...)))
  own <- quietly(psych::omegaFromSem(standardised, r, flip = FALSE, plot = FALSE))
  loadings <- unclass(own$cfa.loads)
  common <- colSums(loadings^2)
  sizes <- colSums(loadings[, -1] != 0)
  k <- nrow(r)
  list(
    omega_hierarchical = shares(), omega = if (ordinal) NULL else shares(return.total = -1),
    omega_hierarchical_observed = own$omega, ecv = common[[1]] / sum(common),
    puc = 1 - sum(sizes * (sizes - 1)) / (k * (k - 1))
  )
}
