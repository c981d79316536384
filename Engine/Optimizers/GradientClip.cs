using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Scales the gradients of all trained parameters, before an optimizer's step, so that their common norm is at most a limit (Pascanu,
/// Mikolov and Bengio, 2013, https://arxiv.org/abs/1211.5063), as PyTorch's clip_grad_norm_ does: g *= min(1, limit / (norm + 1e-6)).
/// </summary>
internal static class GradientClip
{
    public static unsafe void Emit(UpdateEmitter emitter, float limit)
    {
        ParameterRange range = emitter.Order.Whole;
        if (range.Count == 0) return;
        DeviceBuffer<float> gradients = emitter.Gradients(range);
        int chunks = CpuGradientNorm.Parts(range.Count), groups = GradientNorm.Parts((int)range.Count);
        // One sum per part: doubles of chunks, or floats of groups.
        DeviceBuffer<double> parts = emitter.Workspace<double>("gradient norm", Math.Max(chunks, groups));
        DeviceBuffer<float> factor = emitter.Workspace<float>("clip factor", 1);
        emitter.Launch("gradient norm",
            l => new CpuGradientNorm(l.Read(gradients), l.Write(parts), range.Count),
            l => l.Add(new GradientNorm(l.Read(gradients), l.Write(parts.As<float>()), (int)range.Count, groups)));
        emitter.Launch("clip factor",
            l => new CpuGradientFactor(l.Read(parts), l.Write(factor), chunks, limit),
            l => l.Add(new GradientFactor(l.Read(parts.As<float>()), l.Write(factor), groups, limit)));
        emitter.Launch("clip",
            l => new CpuGradientScale(l.Read(factor), l.Update(gradients), range.Count),
            l => l.Add(new GradientScale(l.Read(factor), l.Update(gradients), (int)range.Count)));
    }
}
