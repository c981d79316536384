using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>Tests kernels that use matrix units, as C# and as CUDA C. Other devices launch nothing.</summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(HostCudaSampleDevice))]
[TestFixture(typeof(CudaSampleDevice))]
public abstract class UnitKernelTests<TDevice> : IKernelTests where TDevice : SampleDevice, new()
{
    private TDevice? _device;

    private protected static IReadOnlyList<FactorType> FactorTypes { get; } = [FactorType.TF32, FactorType.BFloat16];

    private protected TDevice Device => _device!;

    private protected ImmediateLaunches Immediately => new(Device);

    [SetUp]
    public void Open() => _device = SampleDevice.Open<TDevice>();

    [TearDown]
    public void Close() => _device?.Dispose();

    public SampleDevice LaunchAll()
    {
        Open();
        try
        {
            if (typeof(TDevice) == typeof(DebugSampleDevice) || Device is CudaSampleDevice) RunAll();
            return Device;
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Launches every kernel of the file on something small, and checks the results.</summary>
    protected abstract void RunAll();

    /// <summary>Returns the smallest tile, whose edges few numbers cover.</summary>
    private protected static TileShape Smallest(FactorType factors) => TileShape.Of(factors)[^1];

    /// <summary>Returns what matrix units multiply: TF32 has 10 fraction bits, ties away from zero; bfloat16 has 7, ties to even.</summary>
    private protected static float[] Rounded(float[] values, FactorType factors) => factors == FactorType.BFloat16
        ? BFloat16Numbers.Rounded(values)
        : Array.ConvertAll(values, value => (float)RoundedAway(value));

    private protected DeviceBuffer<float> Workspace(long floats) => Device.Unset<float>((int)floats);

    private static double RoundedAway(double value)
    {
        if (value == 0) return 0;
        double unit = Math.ScaleB(1, Math.ILogB(value) - 10);
        return unit * Math.Round(value / unit, MidpointRounding.AwayFromZero);
    }
}
