using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Plans;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

public sealed class CudaGraphTests : CudaFixture
{
    [Test]
    public void GraphRunsItsCommandsOnlyWhenLaunched()
    {
        using CudaBuffer values = Context.Allocate(128, "values");
        using CudaKernel one = AddTo(values, 1, 32), ten = AddTo(values, 10, 16, offset: 64);
        using CudaGraph graph = Two(one, ten);
        Assert.That(Read<int>(values, 32), Is.All.Zero);
        graph.Launch();
        one.Launch(new Size3(2));
        graph.Launch();
        Assert.That(Read<int>(values, 32), Is.EqualTo(Enumerable.Range(0, 32).Select(i => i < 16 ? 3 : 23)));
        Assert.That(Fake.Launches.Select(launch => launch.Arguments[8]), Is.EqualTo([1, 10, 1, 1, 10]), "in order");
        Assert.That(Fake.Calls("cuGraphLaunch"), Is.EqualTo(2));
    }

    [Test]
    public void GraphMayClearMemory()
    {
        using CudaBuffer values = Filled(new int[] { 1, 2, 3, 4 });
        using CudaGraph graph = CudaGraph.Capture(Context, "clear", stream => values.Clear(4, 8, stream));
        Assert.That(Read<int>(values, 4), Is.EqualTo([1, 2, 3, 4]));
        graph.Launch();
        Assert.That(Read<int>(values, 4), Is.EqualTo([1, 0, 0, 4]));
    }

    [Test]
    public void GraphMayBeDisposedOfWhileItRuns()
    {
        using CudaBuffer values = Context.Allocate(128, "values");
        using CudaKernel one = AddTo(values, 1, 32), ten = AddTo(values, 10, 16, offset: 64);
        using (CudaGraph graph = Two(one, ten)) graph.Launch();
        Assert.That(Read<int>(values, 32), Is.EqualTo(Enumerable.Range(0, 32).Select(i => i < 16 ? 1 : 11)));
    }

    [Test]
    public void CommandsOfOtherThreadsAreNotRecorded()
    {
        using CudaBuffer values = Context.Allocate(64, "values");
        using CudaKernel one = AddTo(values, 1, 16), hundred = AddTo(values, 100, 16);
        using CudaGraph graph = CudaGraph.Capture(Context, "step", stream =>
        {
            var other = new Thread(() =>
            {
                hundred.Launch(new Size3(1));
                Context.Allocate(16, "meanwhile").Dispose();
                Context.Finish();
            });
            other.Start();
            other.Join();
            one.Launch(new Size3(1), stream);
        });
        Assert.That(Read<int>(values, 16), Is.All.EqualTo(100));
        graph.Launch();
        Assert.That(Read<int>(values, 16), Is.All.EqualTo(101));
    }

    [Test]
    public void FailedCaptureLeaksNothing()
    {
        Assert.That(
            () => CudaGraph.Capture(Context, "step", _ => throw new NotSupportedException("no")), Throws.TypeOf<NotSupportedException>());
        Fake.Fail("cuGraphInstantiateWithFlags", CudaCodes.OutOfMemory);
        Assert.That(() => CudaGraph.Capture(Context, "step", _ => { }), Throws.TypeOf<DeviceOutOfMemoryException>());
        Fake.Fail("cuStreamEndCapture", 901);
        Assert.That(
            () => CudaGraph.Capture(Context, "step", _ => { }),
            Throws.TypeOf<DeviceCallException>().With.Message.Contains("cuStreamEndCapture"));
    }

    [Test]
    public void OlderDriversUseTheOlderInstantiate()
    {
        var old = new FakeCuda("OLD_DRIVER");
        using (var context = new CudaContext(old.Device(), new BinaryCache(null)))
        using (CudaBuffer values = context.Allocate(64, "values"))
        using (CudaKernel kernel = AddTo(values, 3, 16))
        using (CudaGraph graph = CudaGraph.Capture(context, "step", stream => kernel.Launch(new Size3(1), stream)))
        {
            graph.Launch();
            graph.Launch();
            Assert.That(Read<int>(values, 16), Is.All.EqualTo(6));
        }
        Assert.That((old.Problems, old.Live, old.Calls("cuGraphInstantiate_v2")), Is.EqualTo(("", 0, 1)));
    }

    private CudaGraph Two(CudaKernel first, CudaKernel second) => CudaGraph.Capture(Context, "step", stream =>
    {
        first.Launch(new Size3(2), stream);
        second.Launch(new Size3(1), stream);
    });
}
