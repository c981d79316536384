using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Layout;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Volumes of the same height and width one behind the other along depth: C1 x H x W, C2 x H x W, … to (C1 + C2 + …) x H x W. Inputs that are stored as slices of the output have nothing to
/// be done; the others are copied.
/// </summary>
public sealed class Concat : Operator
{
    public override Value Build(Graph graph, Value input, string path) =>
        throw new InvalidOperationException("Concat has several inputs: Branches makes it.");

    public override Shape InferShape(IReadOnlyList<Shape> inputs)
    {
        if (inputs.Any(input => input.IsVector || input.Height != inputs[0].Height || input.Width != inputs[0].Width))
            throw new GpuCnnException($"Concat expects volumes of one height and width, but got {string.Join(" and ", inputs)}.");
        return Shape.Volume(inputs.Sum(input => input.Channels), inputs[0].Height, inputs[0].Width);
    }

    public override bool WritesSlices => true;

    public override unsafe void EmitForward(CpuEmitter emitter)
    {
        CpuTensor y = emitter.Output;
        int first = y.FirstChannel;
        for (int i = 0; i < emitter.Node.Inputs.Count; i++)
        {
            CpuTensor x = emitter.Input(i);
            int channels = x.Stored.Channels, target = first;
            first += channels;
            if (x.Buffer == y.Buffer) continue;
            emitter.Launch("forward", () => new CpuCopyChannels(
                emitter.Images, y.Stored.Area, channels, x.Pointer, channels, 0, (float*)y.Buffer.Address, y.WholeChannels, target), x.Buffer, y.Buffer);
        }
    }

    public override unsafe void EmitBackward(CpuEmitter emitter)
    {
        CpuTensor dy = emitter.OutputGradient;
        int first = dy.FirstChannel;
        for (int i = 0; i < emitter.Node.Inputs.Count; i++)
        {
            int channels = emitter.Input(i).Stored.Channels, source = first;
            first += channels;
            if (emitter.InputGradient(i) is not { } dx || dx.Buffer == dy.Buffer) continue;
            emitter.Launch("backward", () => new CpuCopyChannels(
                emitter.Images, dy.Stored.Area, channels, (float*)dy.Buffer.Address, dy.WholeChannels, source, dx.Pointer, channels, 0), dy.Buffer, dx.Buffer);
        }
    }

    public override void EmitForward(GpuEmitter emitter)
    {
        GpuTensor y = emitter.Output;
        int first = 0;
        for (int i = 0; i < emitter.Node.Inputs.Count; i++)
        {
            GpuTensor x = emitter.Input(i);
            int channels = x.Stored.Channels, target = first, pixels = emitter.Images * y.Stored.Area;
            first += channels;
            if (x.Buffer == y.Buffer) continue;
            emitter.Launch("forward", launches => launches.Add(CopyChannels.Of(x.View, channels, 0, y.View, y.WholeChannels, target, channels, pixels)), x.Buffer, y.Buffer);
        }
    }

    public override void EmitBackward(GpuEmitter emitter)
    {
        GpuTensor dy = emitter.OutputGradient;
        int first = 0;
        for (int i = 0; i < emitter.Node.Inputs.Count; i++)
        {
            int channels = emitter.Input(i).Stored.Channels, source = first, pixels = emitter.Images * dy.Stored.Area;
            first += channels;
            if (emitter.InputGradient(i) is not { } dx || dx.Buffer == dy.Buffer) continue;
            emitter.Launch("backward", launches => launches.Add(CopyChannels.Of(dy.View, dy.WholeChannels, source, dx.View, channels, 0, channels, pixels)), dy.Buffer, dx.Buffer);
        }
    }
}
