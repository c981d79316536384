namespace GpuCnn.Engine.Training;

/// <summary>
/// The range that a true share lies in with 95 % confidence, given how many of some independent trials succeeded: the score interval of
/// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American Statistical Association 22
/// (1927). With p = right / count and z = 1.96, it is (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n).
/// </summary>
/// <param name="Low">At least 0.</param>
/// <param name="High">At most 1.</param>
public readonly record struct WilsonInterval(double Low, double High)
{
    /// <summary>Results of fewer images are given with their interval.</summary>
    public const int FewImages = 1000;

    /// <summary>The 0.975 quantile of the normal distribution.</summary>
    private const double Z = 1.959963984540054;

    /// <param name="right">Successes, from 0 to <paramref name="count"/>.</param>
    /// <param name="count">Trials, at least 1.</param>
    public static WilsonInterval Of(long right, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfNegative(right);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(right, count);
        double n = count, p = right / n, centre = p + Z * Z / (2 * n), reach = Z * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)),
            scale = 1 + Z * Z / n;
        // Both ends are exact where nothing or everything is right; rounding would miss them.
        return new(right == 0 ? 0 : (centre - reach) / scale, right == count ? 1 : (centre + reach) / scale);
    }

    /// <summary>The interval of an accuracy; null where there are enough images to do without.</summary>
    public static WilsonInterval? OfFew(EvaluationResult result) => result.Images is 0 or >= FewImages ? null
        : Of(Math.Clamp((long)Math.Round(result.Top1 * result.Images), 0, result.Images), result.Images);
}
