using System.Runtime.Intrinsics;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Tests.Devices.Ilgpu;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// A way to run networks that every layer is tested on. A new device joins <see cref="All"/>, and no layer's test changes.
/// </summary>
/// <param name="Family">Devices of one family give the same bits.</param>
public sealed record DeviceUnderTest(string Name, string Family, Func<Device> Make)
{
    /// <summary>Relative rounding error of one operation: half a unit in the last place of a float32.</summary>
    public double Rounding { get; init; } = Math.Pow(2, -24);

    /// <summary>Whether sums are plain float32 sums of products, so that numbers with few digits add up without rounding.</summary>
    public bool AddsExactly { get; init; } = true;

    public static IReadOnlyList<DeviceUnderTest> All { get; } =
        [.. CpuDevices(), new("debug", "debug", () => new DebugDevice()), .. OpenClDevices(), .. CudaDevices()];

    /// <summary>Devices that run kernels with a function of another assembly: those without the project's translation.</summary>
    public static IEnumerable<DeviceUnderTest> TakingUserFunctions => All.Where(device => !device.Translates);

    /// <summary>Whether the device runs the CUDA C or OpenCL C that the project translates kernels to.</summary>
    public bool Translates => Family.EndsWith("-c", StringComparison.Ordinal);

    private static IEnumerable<DeviceUnderTest> CpuDevices()
    {
        int[] widths = Vector512.IsHardwareAccelerated ? [8, 16] : [8];
        foreach (int width in widths)
            foreach (int threads in new[] { 1, 2 })
                yield return new($"cpu ({threads} threads, {width} floats)", $"cpu {width}", () => new CpuDevice(threads, width));
    }

    /// <summary>The machine's first, if there is one; otherwise <see cref="CoverageTests"/> reports that.</summary>
    private static IEnumerable<DeviceUnderTest> OpenClDevices()
    {
        OpenClDeviceInfo info;
        try
        {
            info = OpenClPlatforms.Find(0);
        }
        catch (DeviceUnavailableException)
        {
            yield break;
        }
        // The standard allows exp and division an error of some units in the last place.
        yield return new("opencl-c", "opencl-c", () => new OpenClDevice("opencl-c:0", info)) { Rounding = Math.Pow(2, -22) };
        if (IlgpuTestDevice.Find() is { } taken) yield return new("opencl", "opencl", () =>
            IlgpuOpenClDevice.Open("opencl:0", taken))
        { Rounding = Math.Pow(2, -22) };
    }

    /// <summary>The machine's first, if there is one.</summary>
    private static IEnumerable<DeviceUnderTest> CudaDevices()
    {
        CudaDeviceInfo info;
        try
        {
            info = Engine.Devices.Cuda.CudaDevices.Choose(Engine.Devices.Cuda.CudaDevices.List(), 0, needsCompiler: false);
        }
        catch (DeviceUnavailableException)
        {
            yield break;
        }
        if (info.IsUsable) yield return new("cuda-c", "cuda-c", () => new CudaDevice("cuda-c:0", info)) { Rounding = Math.Pow(2, -22) };
        yield return new("cuda", "cuda", () => IlgpuCudaDevice.Open("cuda:0", info.Description, 0)) { Rounding = Math.Pow(2, -22) };
    }

    public override string ToString() => Name;
}
