using GpuCnn.Engine;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

/// <summary>Checks what users read when a call fails. Needs no device.</summary>
public sealed class OpenClErrorsTests
{
    private readonly OpenClErrors _errors = new("Some GPU");

    [Test]
    public void FailedCallNamesCallCodeKernelAndGrid()
    {
        GpuCnnException failure = _errors.From(-54, "clEnqueueNDRangeKernel", "Gemm", "4x4 groups of 16x16");
        Assert.That(failure, Is.TypeOf<DeviceCallException>());
        Assert.That(failure.Message, Is.EqualTo(
            "clEnqueueNDRangeKernel failed on the OpenCL device 'Some GPU' for kernel 'Gemm' (4x4 groups of 16x16): "
            + "CL_INVALID_WORK_GROUP_SIZE (-54)."));
    }

    [TestCase(-2, "clFinish")]
    [TestCase(-36, "clEnqueueNDRangeKernel")]
    [TestCase(-34, "clCreateBuffer")]
    [TestCase(-5, "clFinish")]
    [TestCase(-5, "clEnqueueReadBuffer")]
    [TestCase(-14, "clWaitForEvents")]
    [TestCase(-9999, "clFinish")]
    public void LostDeviceSaysHowToResume(int code, string call)
    {
        GpuCnnException failure = _errors.From(code, call, lastLaunch: "'Gemm' (4x4 groups of 16x16)");
        Assert.That(failure, Is.TypeOf<DeviceLostException>());
        Assert.That(failure.Message, Does.Contain("'Some GPU' was lost").And.Contain(call).And.Contain($"({code})")
            .And.Contain("the last kernel launched was 'Gemm'").And.Contain("resume from the last checkpoint").And.Not.Contain("\n"));
    }

    [Test]
    public void OutOfResourcesAtALaunchBlamesTheKernel() =>
        Assert.That(
            _errors.From(-5, "clEnqueueNDRangeKernel", "Gemm", "4 groups of 16").Message, Does.Contain("registers or local memory"));

    [Test]
    public void UnknownCodeIsNamed() => Assert.That(_errors.From(-4711, "clFlush").Message, Does.Contain("error -4711"));

    [Test]
    public void LateAllocationFailureIsOutOfMemory() =>
        Assert.That(_errors.From(-4, "clEnqueueNDRangeKernel", "Gemm"), Is.TypeOf<DeviceOutOfMemoryException>());

    [TestCase(null, "3 MiB needed for activations; 'reason'")]
    [TestCase(1048576L, "3 MiB needed for activations, 1 MiB free; 'reason'")]
    public void OutOfMemoryReportsNeededAndFreeBytes(long? free, string expected)
    {
        DeviceOutOfMemoryException failure = _errors.OutOfMemory(3 << 20, "activations", "'reason'", free);
        Assert.Multiple(() =>
        {
            Assert.That(failure.Message, Does.Contain(expected).And.Contain("smaller batch"));
            Assert.That(failure.NeededBytes, Is.EqualTo(3 << 20));
            Assert.That(failure.FreeBytes, Is.EqualTo(free));
        });
    }
}
