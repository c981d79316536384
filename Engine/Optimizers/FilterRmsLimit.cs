using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Optimizers;

/// <summary>Rescales convolution filters whose root mean square is above a limit, after an optimizer's step.</summary>
internal static class FilterRmsLimit
{
    public static unsafe void Emit(UpdateEmitter emitter, float limit)
    {
        foreach ((Parameter parameter, Conv2d convolution) in Conv2d.FiltersOf(emitter.Network))
        {
            if (!emitter.Trains(parameter)) continue;
            DeviceBuffer<float> weights = emitter.Parameter(parameter).Values;
            TensorLayout input = emitter.LayOut(parameter.Node.Inputs[0]);
            int perFilter = parameter.Spec.Count / convolution.Filters;
            emitter.Launch("filter limit",
                l => new CpuFilterLimit(convolution.PackedFilter(input, l.VectorWidth), perFilter, l.Update(weights), limit),
                l => l.Add(new FilterLimit(
                    l.Update(weights), convolution.Groups, perFilter, convolution.Filters / convolution.Groups, limit)));
        }
    }
}
