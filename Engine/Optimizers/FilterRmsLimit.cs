using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Kernels.Convolution.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Optimizers;

/// <summary>Rescales filters of convolutions whose root mean square is above a limit, after any optimizer's step.</summary>
internal static class FilterRmsLimit
{
    public static unsafe void Emit(CpuUpdateEmitter emitter, float limit)
    {
        foreach ((Parameter parameter, Conv2d convolution) in Conv2d.TrainedFilters(emitter.Network))
        {
            FilterLayout layout = convolution.PackedFilter(emitter.InputOf(parameter), emitter.VectorWidth);
            int perFilter = parameter.Spec.Count / convolution.Filters;
            emitter.Launch("filter limit", () => new CpuFilterLimit(layout, perFilter, emitter.Parameter(parameter).Values, limit));
        }
    }

    public static void Emit(GpuUpdateEmitter emitter, float limit)
    {
        foreach ((Parameter parameter, Conv2d convolution) in Conv2d.TrainedFilters(emitter.Network))
        {
            int perFilter = parameter.Spec.Count / convolution.Filters;
            emitter.Launch("filter limit", launches => launches.Add(new FilterLimit(
                emitter.Parameter(parameter).Values, convolution.Groups, perFilter, convolution.Filters / convolution.Groups, limit)));
        }
    }
}
