using GpuCnn.Data;
using GpuCnn.Engine;

namespace GpuCnn;

/// <summary>
/// A number of operations of one magnitude, drawn one after another (https://arxiv.org/abs/1909.13719): torchvision's RandAugment.
/// </summary>
public sealed class RandAugment : PixelStep
{
    private const int DefaultOperations = 2, DefaultMagnitude = 9, MostOperations = 10;

    private static readonly IReadOnlyList<Operation> Operations =
        Operation.List(0.3, width => 150.0 / 331.0 * width, height => 150.0 / 331.0 * height, rotate: 30, colour: 0.9, bits: 4);

    private readonly int _operations, _magnitude;

    public RandAugment() : this(DefaultOperations, DefaultMagnitude) { }

    /// <param name="operations">Operations of an image, 1 to 10.</param>
    /// <param name="magnitude">Their strength, 0 to 30.</param>
    /// <exception cref="GpuCnnException">A number is out of range.</exception>
    public RandAugment(int operations, int magnitude)
    {
        _operations = Checked(operations, 1, MostOperations, "operations");
        _magnitude = Checked(magnitude, 0, Operation.Bins - 1, "a magnitude");
    }

    public override string Name => "randaugment";

    public override string Usage =>
        "randaugment or randaugment(N,M) (N operations, 2 by default, of magnitude M from 0 to 30, 9 by default)";

    public override AugmentationStep? TryParse(StepText text)
    {
        if (text.Name != Name || !text.TryNumbers(0, Operation.Bins - 1, [DefaultOperations, DefaultMagnitude], out double[] values))
            return null;
        if (values.Any(value => value != Math.Floor(value)) || values[0] is < 1 or > MostOperations) return null;
        return new RandAugment((int)values[0], (int)values[1]);
    }

    public override void Apply(ref RandomStream random, PictureCanvas canvas)
    {
        for (int i = 0; i < _operations; i++)
        {
            Operation operation = Operations[random.NextInt(Operations.Count)];
            double magnitude = operation.IsPlain ? 0 : operation.Magnitude(_magnitude, canvas.Picture.Width, canvas.Picture.Height);
            if (operation.IsSigned && random.NextInt(2) == 1) magnitude = -magnitude;
            operation.Apply(canvas, magnitude);
        }
    }

    public override string ToString() => $"{Name}({_operations},{_magnitude})";
}
