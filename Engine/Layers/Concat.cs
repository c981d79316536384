using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Layout;

namespace GpuCnn.Engine.Layers;

/// <summary>
/// Concatenates volumes of the same height and width along depth: C1 x H x W, C2 x H x W, … to (C1 + C2 + …) x H x W. Inputs that are
/// stored as slices of the output need no work; the others are copied.
/// </summary>
public sealed class Concat : Operator, IDeviceOperator
{
    public override Value Build(Graph graph, Value input, string path) =>
        throw new InvalidOperationException("Concat has several inputs; Branches creates it.");

    public override Shape InferShape(IReadOnlyList<Shape> inputs)
    {
        if (inputs.Any(input => input.IsVector || input.Height != inputs[0].Height || input.Width != inputs[0].Width))
            throw new GpuCnnException($"Concat expects volumes of one height and width, but got {string.Join(" and ", inputs)}.");
        return Shape.Volume(inputs.Sum(input => input.Channels), inputs[0].Height, inputs[0].Width);
    }

    public override bool WritesSlices => true;

    public override bool IsConcatenation => true;

    public unsafe void EmitForward(Emitter emitter)
    {
        DeviceTensor y = emitter.Output;
        int area = y.Stored.Area, first = 0;
        for (int i = 0; i < emitter.Node.Inputs.Count; i++)
        {
            DeviceTensor x = emitter.Input(i);
            int channels = x.Stored.Channels, target = y.FirstChannel + first;
            first += channels;
            if (x.SharesMemory(y)) continue;
            emitter.Launch("forward",
                l => new CpuCopyChannels(emitter.Images, area, channels, l.Read(x), channels, 0, l.Write(y.Elements), y.WholeChannels,
                    target),
                l => l.Add(CopyChannels.Of(
                    x.IsBFloat16, y.IsBFloat16, l.Read(x), channels, 0, l.Write(y.Elements), y.WholeChannels, target, channels,
                    emitter.Images * area)));
        }
    }

    public unsafe void EmitBackward(Emitter emitter)
    {
        DeviceTensor dy = emitter.OutputGradient;
        int area = dy.Stored.Area, first = 0;
        for (int i = 0; i < emitter.Node.Inputs.Count; i++)
        {
            int channels = emitter.Input(i).Stored.Channels, source = dy.FirstChannel + first;
            first += channels;
            if (emitter.InputGradient(i) is not { } dx || dx.SharesMemory(dy)) continue;
            emitter.Launch("backward",
                l => new CpuCopyChannels(emitter.Images, area, channels, l.Read(dy.Elements), dy.WholeChannels, source, l.Write(dx),
                    channels, 0),
                l => l.Add(CopyChannels.Of(
                    dy.IsBFloat16, dx.IsBFloat16, l.Read(dy.Elements), dy.WholeChannels, source, l.Write(dx), channels, 0, channels,
                    emitter.Images * area)));
        }
    }
}
