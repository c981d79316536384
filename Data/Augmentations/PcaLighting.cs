using System.Numerics;
using System.Runtime.InteropServices;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn;

/// <summary>
/// Adds to every pixel the same multiple of the principal components of ImageNet's colors: the sum of p_i a_i sqrt(l_i) with a_i normal
/// of a standard deviation. AlexNet's change of lighting, https://papers.nips.cc/paper/4824 section 4.1; components as in
/// fb.resnet.torch, of values in [0, 1].
/// </summary>
public sealed class PcaLighting : ValueStep
{
    private const double Default = 0.1, Largest = 10;

    /// <summary>Square roots of the eigenvalues of the covariance.</summary>
    private static readonly double[] Spread = [0.2175, 0.0188, 0.0045];

    /// <summary>[channel][component]</summary>
    private static readonly double[][] Components = [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]];

    private static readonly double[] Luma = [0.299, 0.587, 0.114];

    private readonly double _deviation;

    public PcaLighting() : this(Default) { }

    /// <param name="deviation">Standard deviation of the amounts, above 0 and up to 10.</param>
    /// <exception cref="GpuCnnException">The deviation is out of range.</exception>
    public PcaLighting(double deviation) => _deviation = Positive(deviation, Largest, "a standard deviation");

    public override string Name => "pca";

    public override string Usage => "pca or pca(S) (AlexNet's change of lighting, of standard deviation S, 0.1 by default)";

    public override AugmentationStep? TryParse(StepText text) =>
        text.Name == Name && text.TryNumbers(0, Largest, [Default], out double[] values) && values[0] > 0
            ? new PcaLighting(values[0])
            : null;

    public override void Apply(ref RandomStream random, Span<float> values, Shape input, IReadOnlyList<float> std)
    {
        Span<double> shift = stackalloc double[3];
        for (int component = 0; component < 3; component++)
        {
            double amount = random.NextNormal() * _deviation * Spread[component];
            for (int c = 0; c < 3; c++) shift[c] += Components[c][component] * amount;
        }
        if (input.Channels == 1) shift[0] = Luma[0] * shift[0] + Luma[1] * shift[1] + Luma[2] * shift[2];
        Span<float> changes = stackalloc float[input.Channels * Vector<float>.Count];
        for (int i = 0; i < changes.Length; i++) changes[i] = (float)(shift[i % input.Channels] / std[i % input.Channels]);
        AddRepeated(changes, values);
    }

    /// <summary>Adds the changes to the values, repeated to the end.</summary>
    /// <param name="changes">Fills whole vectors.</param>
    private static void AddRepeated(ReadOnlySpan<float> changes, Span<float> values)
    {
        ReadOnlySpan<Vector<float>> repeated = MemoryMarshal.Cast<float, Vector<float>>(changes);
        Span<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        for (int i = 0; i < vectors.Length; i++) vectors[i] += repeated[i % repeated.Length];
        for (int i = vectors.Length * Vector<float>.Count; i < values.Length; i++) values[i] += changes[i % changes.Length];
    }

    public override string ToString() => $"{Name}({StepText.Of(_deviation)})";
}
