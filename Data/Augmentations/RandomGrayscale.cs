namespace GpuCnn.Data;

/// <summary>Makes a share of the images gray, in as many channels as they have: torchvision's RandomGrayscale.</summary>
internal sealed class RandomGrayscale : PixelStep
{
    private readonly double _share;

    public RandomGrayscale() { }

    private RandomGrayscale(double share) => _share = share;

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
