using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Local response normalization across channels (Krizhevsky et al., 2012): y_c = x_c / (k + alpha * sum of x_j²) ^ beta at each pixel,
/// summed over <c>size</c> channels j from c - size / 2 on. As in the paper, alpha multiplies the plain sum. PyTorch and Caffe divide by
/// the size: their alpha is size times this one.
/// </summary>
public sealed class LocalResponseNorm : UnaryOperator, IDeviceOperator
{
    public LocalResponseNorm(int size = 5, float alpha = 1e-4f, float beta = 0.75f, float k = 2)
    {
        if (size < 1 || !(alpha >= 0) || !(beta >= 0) || !(k > 0))
            throw new ArgumentException(
                $"LocalResponseNorm({size}, {alpha}, {beta}, {k}) expects a positive size and k, and alpha and beta of 0 or more.");
        Size = size;
        Alpha = alpha;
        Beta = beta;
        K = k;
    }

    /// <summary>Channels per window.</summary>
    public int Size { get; }

    public float Alpha { get; }

    public float Beta { get; }

    public float K { get; }

    protected override Shape InferShape(Shape input) => input.IsVector
        ? throw new GpuCnnException($"LocalResponseNorm expects a volume CxHxW, but got a vector of {input}; put it before Flatten.")
        : input;

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor x = emitter.Input(), y = emitter.Output;
        DeviceBuffer<float>? scales = emitter.SavesForBackward ? emitter.Saved<float>("scales", y.Count) : null;
        emitter.Launch("forward",
            l => new CpuLocalResponseForward(CpuShapeOf(x), l.Read(x), l.Write(y)),
            l => l.Add(new LocalResponseForward(
                scales is not null, x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Write(y), l.Write(scales), ShapeOf(x))));
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        DeviceTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        DeviceBuffer<float> scales = emitter.Saved<float>("scales", y.Count);
        emitter.Launch("backward",
            l => new CpuLocalResponseBackward(CpuShapeOf(x), l.Read(x), l.Read(dy), l.Write(dx)),
            l => l.Add(new LocalResponseBackward(
                x.IsBFloat16, y.IsBFloat16, l.Read(x), l.Read(y), l.Read(dy), l.Read(scales), l.Write(dx), ShapeOf(x))));
    }

    private CpuLocalResponseShape CpuShapeOf(DeviceTensor x) =>
        new(x.Images, x.Stored.Channels, x.Stored.Height, x.Stored.Width, Size, Alpha, Beta, K);

    private LocalResponseShape ShapeOf(DeviceTensor x) => new((int)x.Count, x.Stored.Channels, Size, Alpha, Beta, K);
}
