using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// Tests the kernels of one file on each kind of device. A kernel that no <see cref="RunAll"/> launches is itself a failure
/// (<see cref="CoverageTests"/>). A new kind of device is added here, and no kernel's tests change.
/// </summary>
[TestFixture(typeof(DebugSampleDevice))]
[TestFixture(typeof(OpenClSampleDevice))]
[TestFixture(typeof(HostCudaSampleDevice))]
[TestFixture(typeof(CudaSampleDevice))]
[TestFixture(typeof(IlgpuOpenClSampleDevice))]
[TestFixture(typeof(IlgpuCudaSampleDevice))]
public abstract class KernelTests<TDevice> : IKernelTests where TDevice : SampleDevice, new()
{
    private TDevice? _device;

    /// <summary>The device that a test runs its kernels on, a new one for each test.</summary>
    private protected TDevice Device => _device!;

    [SetUp]
    public void Open() => _device = SampleDevice.Open<TDevice>();

    [TearDown]
    public void Close() => _device?.Dispose();

    [Test]
    public void SecondRunGivesTheSameBits()
    {
        RunAll();
        byte[] first = Device.Contents();
        Close();
        Open();
        RunAll();
        Assert.That(Device.Contents().AsSpan().SequenceEqual(first));
    }

    public SampleDevice LaunchAll()
    {
        Open();
        try
        {
            RunAll();
            return Device;
        }
        finally
        {
            Close();
        }
    }

    /// <summary>
    /// Launches every kernel of the file on something small, and every variant with a different text, and checks the results.
    /// </summary>
    protected abstract void RunAll();

    private protected void Run<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel => Device.Run(kernel, groups);
}

internal interface IKernelTests
{
    /// <summary>Runs <see cref="KernelTests{TDevice}.RunAll"/> and returns the closed device, which knows what was launched.</summary>
    SampleDevice LaunchAll();
}
