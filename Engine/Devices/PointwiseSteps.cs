using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Pointwise;

namespace GpuCnn.Engine.Devices;

/// <summary>Emits steps that several operators share: gradients through an activation.</summary>
internal static unsafe class PointwiseSteps
{
    /// <summary>Emits dx = dy f'(x), where y = f(x).</summary>
    /// <param name="y">The result; the input x if f derives from it.</param>
    /// <param name="function">f; by default the fused activation, or the identity if there is none.</param>
    public static void EmitActivationGradient(
        this Emitter emitter, string name, DeviceTensor y, DeviceTensor dy, DeviceTensor dx, IPointwise? function = null)
    {
        IPointwise f = function ?? emitter.Activation;
        emitter.Launch(name,
            l => CpuPointwiseBackward.Of(l.Read(y), l.Read(dy), l.Write(dx), y.Count, f),
            l => PointwiseBackward.Launch(
                l, y.IsBFloat16, dy.IsBFloat16, dx.IsBFloat16, l.Read(y), l.Read(dy), l.Write(dx), (int)y.Count, f));
    }

    /// <summary>
    /// Turns the gradient of a fused activation's output into that of its input, on GPUs: in place, or in scratch if the output is a slice.
    /// </summary>
    public static DeviceTensor EmitFusedActivation(this GpuEmitter emitter)
    {
        DeviceTensor y = emitter.Output, dy = emitter.OutputGradient;
        if (!dy.IsSlice)
        {
            if (emitter.HasActivation) emitter.EmitActivationGradient("activation gradient", y, dy, dy);
            return dy;
        }
        DeviceTensor dx = emitter.WorkspaceLike("output gradient", dy);
        emitter.Launch("activation gradient", l => ChannelsBackward.Launch(
            l, dy.IsBFloat16, l.Read(y), l.Read(dy), l.Write(dx), dy.Stored.Channels, dy.WholeChannels, dy.Images * dy.Stored.Area,
            emitter.Activation));
        return dx;
    }
}
