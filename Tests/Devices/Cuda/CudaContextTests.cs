using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

public sealed class CudaContextTests : CudaFixture
{
    [Test]
    public void LiveObjectsAreListed()
    {
        using CudaContext context = NewContext();
        CudaBuffer buffer = context.Allocate(16, "weights");
        CudaStaging staging = context.AllocateStaging(16, "batch");
        CudaEvent marker = context.Mark();
        CudaKernel kernel = AddTo(buffer, 1, 4);
        CudaGraph graph = CudaGraph.Capture(context, "step", _ => { });
        Assert.That(context.LiveObjects, Is.EqualTo([
            "CudaBuffer 'weights' (16 bytes)", "CudaEvent 'marker'", "CudaGraph 'step'", "CudaKernel 'Add'", "CudaStaging 'batch'"]));
        foreach (CudaObject item in new CudaObject[] { buffer, staging, marker, kernel, graph }) item.Dispose();
        Assert.That(context.LiveObjects, Is.Empty);
    }

    /// <summary>The fake reports what is left in a primary context when its last user releases it.</summary>
    [Test]
    public void ContextFreesUndisposedObjects()
    {
        CudaContext context = NewContext();
        CudaBuffer buffer = context.Allocate(16, "late");
        CudaEvent marker = context.Mark();
        context.Dispose();
        Assert.That(Fake.Retained(0), Is.EqualTo(1), "the fixture's own");
        Assert.That(context.AllocatedBytes, Is.Zero);
        buffer.Dispose();
        marker.Dispose();
        context.Dispose();
    }

    [Test]
    public void DisposedContextIsRefused()
    {
        CudaContext context = NewContext();
        context.Dispose();
        Assert.That(context.Finish, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => context.Allocate(16, "late"), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void TwoContextsShareTheDevice()
    {
        using CudaContext other = NewContext();
        RunAdd(other, Add());
        RunAdd(Context, Add());
        Assert.That(Fake.Retained(0), Is.EqualTo(2));
    }

    /// <summary>Each thread has its own current context, and none at first.</summary>
    [Test]
    public void AnyThreadMayCall()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < 25; i++) kernel.Launch(new Size3(1));
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.That(Read<int>(values, 16), Is.All.EqualTo(100));
    }

    [Test]
    public void DeviceInExclusiveUseIsUnavailable([Values(46, 216, 2, 101)] int code)
    {
        Fake.Fail("cuDevicePrimaryCtxRetain", code);
        Assert.That(() => NewContext(), Throws.TypeOf<DeviceUnavailableException>()
            .With.Message.Contains("'Fake GPU 0' cannot be used now: cuDevicePrimaryCtxRetain gave")
            .And.Message.Contains($"({code})").Or.Message.Contains($"error {code}"));
    }

    [TestCase("cuCtxSetCurrent")]
    [TestCase("cuStreamCreate")]
    public void FailedContextIsReleased(string call)
    {
        Fake.Fail(call, 304);
        Assert.That(() => NewContext(), Throws.TypeOf<DeviceCallException>().With.Message.Contains(call));
        Assert.That(Fake.Retained(0), Is.EqualTo(1), "the fixture's own");
        Fake.Fail("none", 0);
    }

    [Test]
    public void EventsMeasureTheTimeBetweenThem()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        using CudaTiming timing = kernel.LaunchTimed(new Size3(1));
        // Each command advances the fake's clock by half a millisecond.
        Assert.That(timing.Duration(), Is.EqualTo(TimeSpan.FromMilliseconds(1)));
        using CudaEvent untimed = Context.Mark(), timed = Context.Mark(timed: true);
        Assert.That(() => timed.Since(untimed), Throws.InvalidOperationException.With.Message.Contains("without a time"));
    }

    [Test]
    public void FailedLaunchLeavesNoEvent()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel kernel = AddTo(values, 1, 16);
        Fake.Fail("cuLaunchKernel", 701);
        Assert.That(() => kernel.LaunchTimed(new Size3(1)), Throws.TypeOf<DeviceCallException>());
        Assert.That(Context.LiveObjects, Has.Count.EqualTo(2));
    }
}
