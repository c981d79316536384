using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// Tests of the kernels of one file, on each kind of device. A kernel that no <see cref="RunAll"/> launches is itself a failure (<see
/// cref="CoverageTests"/>). A new kind of device joins here, and no kernel's tests change.
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

    /// <summary>What a test runs its kernels on: a new one for each test.</summary>
    private protected TDevice Device => _device!;

    [SetUp]
    public void Open() => _device = SampleDevice.Open<TDevice>();

    [TearDown]
    public void Close() => _device?.Dispose();

    [Test]
    public void SameBitsTwice()
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
    /// Launches every kernel of the file on something small, and every variant whose text differs, and checks what comes out.
    /// </summary>
    protected abstract void RunAll();

    private protected void Run<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel => Device.Run(kernel, groups);
}

internal interface IKernelTests
{
    /// <summary>Does what <see cref="KernelTests{TDevice}.RunAll"/> does; the device, closed, knows what was launched.</summary>
    SampleDevice LaunchAll();
}
