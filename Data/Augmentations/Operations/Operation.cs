namespace GpuCnn.Data;

/// <summary>An operation of RandAugment and TrivialAugment: what it does, and how strong it may be.</summary>
/// <param name="Apply">Does it, with a magnitude.</param>
/// <param name="Largest">The largest magnitude of a picture of (width, height); the smallest is 0.</param>
/// <param name="IsSigned">Whether half of the time the magnitude is taken below 0.</param>
internal sealed record Operation(Action<PictureCanvas, double> Apply, Func<int, int, double> Largest, bool IsSigned = true)
{
    /// <summary>Bins of magnitudes, 0 among them.</summary>
    public const int Bins = 31;

    /// <summary>Whether the magnitude means nothing.</summary>
    public bool IsPlain { get; private init; }

    /// <summary>Magnitudes that do not rise from 0 to <see cref="Largest"/>.</summary>
    public Func<int, double>? Magnitudes { get; private init; }

    /// <summary>Torchvision's operations in its order.</summary>
    /// <param name="shear">The largest tangent.</param>
    /// <param name="translateX">Pixels, of a width.</param>
    /// <param name="translateY">Pixels, of a height.</param>
    /// <param name="rotate">Degrees.</param>
    /// <param name="colour">The largest change of brightness, saturation, contrast and sharpness.</param>
    /// <param name="bits">The most bits that posterising takes away.</param>
    public static IReadOnlyList<Operation> List(
        double shear, Func<int, double> translateX, Func<int, double> translateY, double rotate, double colour, int bits) =>
    [
        Plain(_ => { }),
        Of((canvas, m) => Affine.Shear(m, 0).Apply(canvas), shear),
        Of((canvas, m) => Affine.Shear(0, m).Apply(canvas), shear),
        new((canvas, m) => Affine.Translation((int)m, 0).Apply(canvas), (width, _) => translateX(width)),
        new((canvas, m) => Affine.Translation(0, (int)m).Apply(canvas), (_, height) => translateY(height)),
        Of((canvas, m) => Affine.Rotation(m, canvas.Picture.Width, canvas.Picture.Height).Apply(canvas), rotate),
        Of((canvas, m) => Blend.Brightness(canvas, (float)(1.0 + m)), colour),
        Of((canvas, m) => Blend.Saturation(canvas, (float)(1.0 + m)), colour),
        Of((canvas, m) => Blend.Contrast(canvas, (float)(1.0 + m)), colour),
        Of((canvas, m) => Blend.Sharpness(canvas, (float)(1.0 + m)), colour),
        new((canvas, m) => Tables.Posterize(canvas, (int)m), (_, _) => 0, IsSigned: false)
        {
            // Halves to even.
            Magnitudes = bin => 8 - Math.Round((float)bin / (float)((Bins - 1) / (double)bits)),
        },
        new(Tables.Solarize, (_, _) => 0, IsSigned: false) { Magnitudes = bin => Linear(255, 0, bin) },
        Plain(Tables.AutoContrast),
        Plain(Tables.Equalize),
    ];

    /// <summary>The magnitude of a bin, 0 to <see cref="Bins"/> - 1, in float32 as torch.linspace has it.</summary>
    public double Magnitude(int bin, int width, int height) => Magnitudes?.Invoke(bin) ?? Linear(0, (float)Largest(width, height), bin);

    private static Operation Of(Action<PictureCanvas, double> apply, double largest) => new(apply, (_, _) => largest);

    private static Operation Plain(Action<PictureCanvas> apply) =>
        new((canvas, _) => apply(canvas), (_, _) => 0, IsSigned: false) { IsPlain = true };

    /// <summary>From both ends to the middle.</summary>
    private static double Linear(float start, float end, int bin)
    {
        float step = (end - start) / (Bins - 1);
        return bin < Bins / 2 ? start + step * bin : end - step * (Bins - bin - 1);
    }
}
