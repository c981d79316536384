using GpuCnn.Data;

namespace GpuCnn;

/// <summary>One operation of a random magnitude (https://arxiv.org/abs/2103.10158): torchvision's TrivialAugmentWide.</summary>
public sealed class TrivialAugment : PixelStep
{
    private static readonly IReadOnlyList<Operation> Operations =
        Operation.List(0.99, _ => 32, _ => 32, rotate: 135, colour: 0.99, bits: 6);

    public override string Name => "trivialaugment";

    public override void Apply(ref RandomStream random, PictureCanvas canvas)
    {
        Operation operation = Operations[random.NextInt(Operations.Count)];
        double magnitude = operation.IsPlain ? 0 : operation.Magnitude(random.NextInt(Operation.Bins), canvas.Picture.Width,
            canvas.Picture.Height);
        if (operation.IsSigned && random.NextInt(2) == 1) magnitude = -magnitude;
        operation.Apply(canvas, magnitude);
    }
}
