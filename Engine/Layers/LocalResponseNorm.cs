using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Normalization;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Local response normalization across channels (Krizhevsky et al., 2012): y_c = x_c / (k + alpha * sum of x_j² over the size channels j from c - size / 2 on) ^ beta, at each pixel. As in the paper, alpha
/// counts for the plain sum. PyTorch and Caffe divide theirs by the size: their alpha is size * ours.
/// </summary>
public sealed class LocalResponseNorm : UnaryOperator
{
    public LocalResponseNorm(int size = 5, float alpha = 1e-4f, float beta = 0.75f, float k = 2)
    {
        if (size < 1 || !(alpha >= 0) || !(beta >= 0) || !(k > 0))
            throw new ArgumentException($"LocalResponseNorm({size}, {alpha}, {beta}, {k}) expects a positive size and k, and alpha and beta of 0 or more.");
        Size = size;
        Alpha = alpha;
        Beta = beta;
        K = k;
    }

    /// <summary>Channels of a window.</summary>
    public int Size { get; }

    public float Alpha { get; }

    public float Beta { get; }

    public float K { get; }

    protected override Shape InferShape(Shape input) =>
        input.IsVector ? throw new GpuCnnException($"LocalResponseNorm expects a volume CxHxW, but got a vector of {input}; put it before Flatten.") : input;

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor x = emitter.Input(), y = emitter.Output;
        emitter.Launch("forward", () => new CpuLocalResponseForward(ShapeOf(x), x.Pointer, y.Pointer), x.Buffer, y.Buffer);
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        CpuTensor x = emitter.Input(), dy = emitter.OutputGradient;
        emitter.Launch("backward", () => new CpuLocalResponseBackward(ShapeOf(x), x.Pointer, dy.Pointer, dx.Pointer), x.Buffer, dy.Buffer, dx.Buffer);
    }

    public override void EmitForward(GpuEmitter emitter)
    {
        GpuTensor x = emitter.Input(), y = emitter.Output;
        GpuBuffer<float>? scales = emitter.Training ? emitter.Saved<float>("scales", y.Count) : null;
        emitter.Launch("forward", launches => launches.Add(
            new LocalResponseForward(scales != null, x.View, y.View, scales?.View ?? default, ShapeOf(x))), x.Buffer, y.Buffer, scales?.Buffer);
    }

    public override void EmitBackward(GpuEmitter emitter)
    {
        if (emitter.InputGradient() is not { } dx) return;
        GpuTensor x = emitter.Input(), y = emitter.Output, dy = emitter.OutputGradient;
        GpuBuffer<float> scales = emitter.Saved<float>("scales", y.Count);
        emitter.Launch("backward", launches => launches.Add(
            new LocalResponseBackward(x.View, y.View, dy.View, scales.View, dx.View, ShapeOf(x))), x.Buffer, y.Buffer, dy.Buffer, scales.Buffer, dx.Buffer);
    }

    private CpuLocalResponseShape ShapeOf(CpuTensor x) => new(x.Images, x.Stored.Channels, x.Stored.Height, x.Stored.Width, Size, Alpha, Beta, K);

    private LocalResponseShape ShapeOf(GpuTensor x) => new(x.Count, x.Stored.Channels, Size, Alpha, Beta, K);
}
