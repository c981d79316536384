using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>Checks what users read when a call fails.</summary>
public sealed class CudaFailureTests : CudaFixture
{
    [TestCase(701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES (701). The groups need more registers or shared memory")]
    [TestCase(1, "CUDA_ERROR_INVALID_VALUE (1).")]
    [TestCase(4711, "error 4711.")]
    public void FailedLaunchNamesKernelAndGrid(int code, string expected)
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        Fake.Fail("cuLaunchKernel", code);
        DeviceCallException failure = Assert.Throws<DeviceCallException>(() => kernel.Launch(new Size3(3, 2)))!;
        Assert.That(failure.Message, Does.StartWith(
            $"cuLaunchKernel failed on the CUDA device 'Fake GPU 0' for kernel 'Add' (3x2 groups of 16): {expected}"));
        Assert.That((failure.Call, failure.Code), Is.EqualTo(("cuLaunchKernel", code)));
    }

    [TestCase(2)]
    public void LaunchWithoutMemoryIsOutOfMemory(int code)
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        Fake.Fail("cuLaunchKernel", code);
        Assert.That(
            () => kernel.Launch(new Size3(1)),
            Throws.TypeOf<DeviceOutOfMemoryException>().With.Message.Contains("'Add' (1 group of 16)"));
    }

    [TestCase(214, "an uncorrectable error")]
    [TestCase(700, "memory that is not its own")]
    [TestCase(702, "longer than the system allows")]
    [TestCase(716, "not aligned")]
    [TestCase(719, "crashed it")]
    [TestCase(999, "crashed it")]
    public void LostDeviceNamesTheLastKernelAndClosesCleanly(int code, string cause)
    {
        using CudaContext context = NewContext();
        using (CudaBuffer values = context.Allocate(64, "values"))
        using (CudaKernel kernel = AddTo(values, 1, 16))
        {
            kernel.Launch(new Size3(1));
            Fake.Fail("cuStreamSynchronize", code);
            DeviceLostException failure = Assert.Throws<DeviceLostException>(context.Finish)!;
            Assert.That(
                failure.Message,
                Does.StartWith("The CUDA device 'Fake GPU 0' was lost: cuStreamSynchronize gave ").And.Contain($"{code}")
                    .And.Contain("the last kernel launched was 'Add' (1 group of 16)").And.Contain("CUDA_LAUNCH_BLOCKING=1")
                    .And.Contain(cause)
                    .And.Contain("resume from the last checkpoint").And.Not.Contain("\n"));
            Assert.That((failure.Call, failure.Code), Is.EqualTo(("cuStreamSynchronize", code)));
            Fake.Fail("none", 0);
        }
        Assert.That(context.LiveObjects, Is.Empty);
    }

    /// <summary>As on a real device, a later call reports the fault, and every call after it fails.</summary>
    [Test]
    public void NextCallNamesTheKernelWithInvalidAccess()
    {
        var fake = new FakeCuda();
        var context = new CudaContext(fake.Device(), new BinaryCache(null));
        CudaBuffer small = context.Allocate(64, "small"), output = context.Allocate(64, "output");
        CudaKernel over = AddTo(small, 1, 16), next = AddTo(output, 1, 16);
        over.Launch(new Size3(1000));
        Assert.That(() => output.Read(new int[1].AsSpan()), Throws.TypeOf<DeviceLostException>()
            .With.Message.Contains("cuStreamSynchronize gave CUDA_ERROR_ILLEGAL_ADDRESS (700)")
            .And.Message.Contains("'Add' (1000 groups of 16)"));
        Assert.That(
        () => next.Launch(new Size3(1)), Throws.TypeOf<DeviceLostException>().With.Message.Contains("'Add' (1000 groups of 16)"));
        Assert.That(() => context.Allocate(16, "more"), Throws.TypeOf<DeviceLostException>());
        Assert.That(() => context.Mark(), Throws.TypeOf<DeviceLostException>());
        var kernel = new GpuCnn.Tests.Compiler.Samples.ScaleShift(0, 1, default, output.View<float>(1), 1, 1, 1);
        Assert.That(() => context.Prepare(kernel), Throws.TypeOf<DeviceLostException>());
        foreach (CudaObject item in new CudaObject[] { over, next, small, output }) item.Dispose();
        context.Dispose();
        Assert.That(context.LiveObjects, Is.Empty);
        // The fixture's own device is lost too.
        Open();
    }

    [Test]
    public void FailedLaunchNamesItsKernelAndTheLastOne()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16), wide = AddTo(values, 1, 16, group: 8);
        kernel.Launch(new Size3(1));
        Fake.Fail("cuLaunchKernel", 700);
        Assert.That(() => wide.Launch(new Size3(2)), Throws.TypeOf<DeviceLostException>()
            .With.Message.Contains("cuLaunchKernel for kernel 'Add' (2 groups of 8) gave")
            .And.Message.Contains("the last kernel launched was 'Add' (1 group of 16)"));
    }

    [Test]
    public void FailureOfGraphNamesIt()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        using CudaGraph graph = CudaGraph.Capture(Context, "training step", stream => kernel.Launch(new Size3(1), stream));
        graph.Launch();
        Fake.Fail("cuStreamSynchronize", 700);
        Assert.That(
            Context.Finish,
            Throws.TypeOf<DeviceLostException>().With.Message.Contains("the last kernel launched was one of the graph 'training step'"));
        Fake.Fail("none", 0);
        Fake.Fail("cuGraphLaunch", 1);
        Assert.That(
            graph.Launch,
            Throws.TypeOf<DeviceCallException>().With.Message.Contains("cuGraphLaunch").And.Message.Contains("'training step'"));
    }

    [Test]
    public void EveryFailedCallIsReported([Values(
        "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2", "cuMemsetD8Async", "cuStreamSynchronize", "cuEventCreate",
        "cuEventRecord", "cuEventQuery", "cuEventSynchronize", "cuEventElapsedTime", "cuModuleLoadDataEx", "cuModuleGetFunction",
        "cuFuncGetAttribute", "cuLaunchKernel", "cuStreamCreate", "cuStreamBeginCapture_v2", "cuStreamEndCapture",
        "cuGraphInstantiateWithFlags", "cuGraphLaunch", "cuCtxSetCurrent")] string call)
    {
        using CudaContext context = NewContext();
        using CudaBuffer values = context.Allocate(64, "values");
        using CudaStaging staging = context.AllocateStaging(64, "staging");
        Fake.Fail(call, 304);
        DeviceCallException failure = Assert.Throws<DeviceCallException>(() =>
        {
            values.BeginWrite(staging, 0, 64);
            values.BeginRead(staging, 0, 64);
            values.CopyTo(values, 16, 0, 32);
            values.Clear(0, 64);
            using CudaKernel kernel = AddTo(values, 1, 16);
            using CudaTiming timing = kernel.LaunchTimed(new Size3(1));
            using CudaEvent marker = context.Mark();
            _ = marker.IsComplete;
            timing.Duration();
            using CudaGraph graph = CudaGraph.Capture(context, "step", stream => kernel.Launch(new Size3(1), stream));
            graph.Launch();
            context.Finish();
        })!;
        Assert.That(failure.Message, Does.StartWith($"{call} failed on the CUDA device 'Fake GPU 0'").And.Contain("error 304"));
        Fake.Fail("none", 0);
    }
}
