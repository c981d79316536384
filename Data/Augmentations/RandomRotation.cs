namespace GpuCnn.Data;

/// <summary>
/// Turns images around their centre by up to a number of degrees, corners black: torchvision's RandomRotation, its nearest pixels included.
/// </summary>
internal sealed class RandomRotation : PixelStep
{
    private readonly double _degrees;

    public RandomRotation() { }

    private RandomRotation(double degrees) => _degrees = degrees;

    public override string Name => "rotate";

    public override string Usage => "rotate(D) (by up to D degrees to either side, such as rotate(15))";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name == Name && text.Arguments.Count == 1 && text.TryNumbers(0, 180, [0], out double[] values) && values[0] > 0
            ? new RandomRotation(values[0]) : null;

    public override void Apply(ref RandomStream random, PictureCanvas canvas) =>
        Affine.Rotation(random.NextDouble(-_degrees, _degrees), canvas.Picture.Width, canvas.Picture.Height).Apply(canvas);

    public override string ToString() => $"{Name}({StepText.Of(_degrees)})";
}
