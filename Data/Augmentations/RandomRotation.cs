using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn;

/// <summary>
/// Turns images around their centre by up to a number of degrees, corners black: torchvision's RandomRotation, its nearest pixels included.
/// </summary>
public sealed class RandomRotation : PixelStep
{
    private const double DefaultDegrees = 15, LargestDegrees = 180;

    private readonly double _degrees;

    public RandomRotation() : this(DefaultDegrees) { }

    /// <param name="degrees">Largest turn to either side, above 0 and up to 180.</param>
    /// <exception cref="GpuCnnException">The angle is out of range.</exception>
    public RandomRotation(double degrees) => _degrees = Positive(degrees, LargestDegrees, "an angle");

    public override string Name => "rotate";

    public override string Usage => "rotate(D) (by up to D degrees to either side, such as rotate(15))";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name == Name && text.Arguments.Count == 1 && text.TryNumbers(0, LargestDegrees, [0], out double[] values) && values[0] > 0
            ? new RandomRotation(values[0]) : null;

    public override void Apply(ref RandomStream random, PictureCanvas canvas) =>
        Affine.Rotation(random.NextDouble(-_degrees, _degrees), canvas.Picture.Width, canvas.Picture.Height).Apply(canvas);

    public override string ToString() => $"{Name}({StepText.Of(_degrees)})";
}
