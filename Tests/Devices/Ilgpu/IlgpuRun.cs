using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>Runs one kernel on a device through ILGPU, from an array to an array.</summary>
internal static class IlgpuRun
{
    public static TTo[] Of<TFrom, TTo>(IlgpuDevice device, TFrom[] from, int count, Func<View<TFrom>, View<TTo>, object> kernel, int groups)
        where TFrom : unmanaged where TTo : unmanaged
    {
        using DeviceMemory source = Memory(from),
            target = device.Allocate(count * System.Runtime.CompilerServices.Unsafe.SizeOf<TTo>(), "test");
        object made = kernel(source.View<TFrom>(0, from.Length), target.View<TTo>(0, count));
        var prepared = (PreparedLaunch)typeof(IlgpuRun).GetMethod(nameof(Prepare),
            System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(made.GetType()).Invoke(null, [device, made, new Size3(groups)])!;
        using (prepared) prepared.Run();
        var result = new TTo[count];
        target.Read<TTo>(result);
        return result;

        DeviceMemory Memory(TFrom[] values)
        {
            DeviceMemory memory = device.Allocate(values.Length * System.Runtime.CompilerServices.Unsafe.SizeOf<TFrom>(), "test");
            memory.Write<TFrom>(values);
            return memory;
        }
    }

    private static PreparedLaunch Prepare<TKernel>(IlgpuDevice device, TKernel kernel, Size3 groups) where TKernel : struct, IKernel =>
        device.Prepare(kernel, groups);
}
