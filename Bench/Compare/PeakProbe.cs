using System.Diagnostics;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Kernels.Cpu;

namespace GpuCnn.Bench.Compare;

/// <summary>
/// Measures how fast the device's threads can multiply and add right now. On a shared machine a sample counts only if all cores were free
/// just before and just after it.
/// </summary>
internal sealed class PeakProbe(CpuDevice device)
{
    /// <summary>Below this part of the best peak seen, another process is using the cores.</summary>
    private const double Quiet = 0.8;

    private const int Calibrations = 25, Waits = 10;

    // Both sides' threads look for more work for a while before they sleep.
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(50);

    private readonly ICpuKernel _loop = device.VectorWidth == 16 ? new MultiplyAddLoop<Simd16>() : new MultiplyAddLoop<Simd8>();

    /// <summary>FLOP/s.</summary>
    public double Best { get; private set; }

    public void Calibrate()
    {
        for (int i = 0; i < Calibrations; i++) Measure();
    }

    public bool IsQuiet(double peak) => peak >= Quiet * Best;

    /// <summary>FLOP/s of all threads together, measured when both sides' threads are asleep.</summary>
    public double Measure()
    {
        Thread.Sleep(Settle);
        long start = Stopwatch.GetTimestamp();
        device.Pool.Run(_loop);
        double peak = MultiplyAddLoop.Flops * device.VectorWidth * _loop.Chunks / Stopwatch.GetElapsedTime(start).TotalSeconds;
        Best = Math.Max(Best, peak);
        return peak;
    }

    /// <summary>Measures until the cores are free, a limited number of times; returns the last measurement.</summary>
    public double WaitForQuiet()
    {
        double peak = Measure();
        for (int i = 0; i < Waits && !IsQuiet(peak); i++) peak = Measure();
        return peak;
    }
}
