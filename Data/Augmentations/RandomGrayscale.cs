using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn;

/// <summary>Makes a share of the images gray, in as many channels as they have: torchvision's RandomGrayscale.</summary>
public sealed class RandomGrayscale : PixelStep
{
    private const double DefaultShare = 0.1;

    private readonly double _share;

    public RandomGrayscale() : this(DefaultShare) { }

    /// <param name="share">Share of the images that become gray, above 0 and up to 1.</param>
    /// <exception cref="GpuCnnException">The share is out of range.</exception>
    public RandomGrayscale(double share) => _share = Positive(share, 1, "a share of the images");

    public override string Name => "gray";

    public override string Usage => "gray(P) (a share P of the images, such as gray(0.1))";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name == Name && text.Arguments.Count == 1 && text.TryNumbers(0, 1, [0], out double[] values) && values[0] > 0
            ? new RandomGrayscale(values[0]) : null;

    public override void Apply(ref RandomStream random, PictureCanvas canvas)
    {
        if (random.NextDouble() < _share) Blend.Saturation(canvas, 0);
    }

    public override string ToString() => $"{Name}({StepText.Of(_share)})";
}
