# The value-added estimates of a published practical (its model m1): how many schools lie wholly above and below zero,
# counted as the practical's plot draws them, and how near to zero the nearest end of an interval comes.
pupils <- as.data.frame(haven::read_sav(path, col_select = c("schoolID", "ks2stand", "ks4stand")))
pupils[] <- lapply(pupils, as.numeric)
m1 <- lme4::lmer(ks4stand ~ ks2stand + (1 | schoolID), data = pupils, REML = FALSE)
u0 <- lme4::ranef(m1, condVar = TRUE)[[1]]
u0se <- sqrt(attr(u0, "postVar")[1, , ])
low <- u0[[1]] - 1.96 * u0se
high <- u0[[1]] + 1.96 * u0se
list(schools = nrow(u0), above = sum(low > 0), below = sum(high < 0), nearest = min(abs(c(low, high))),
     levels = I(rownames(u0)[order(u0[[1]])]), low = I(low[order(u0[[1]])]), high = I(high[order(u0[[1]])]))
