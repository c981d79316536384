using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

public sealed class OpenClContextTests : OpenClFixture
{
    [Test]
    public void LiveObjectsAreListed()
    {
        using OpenClContext context = NewContext();
        OpenClBuffer buffer = context.Allocate(16, "weights");
        OpenClStaging staging = context.AllocateStaging(16, "batch");
        OpenClEvent marker = context.Mark();
        OpenClKernel kernel = context.Programs.Get(Add()).CreateKernel();
        Assert.That(context.LiveObjects, Is.EqualTo([
            "OpenClBuffer 'weights' (16 bytes)", "OpenClEvent 'marker'", "OpenClKernel 'Add'", "OpenClStaging 'batch'"]));
        foreach (OpenClObject item in new OpenClObject[] { buffer, staging, marker, kernel }) item.Dispose();
        Assert.That(context.LiveObjects, Is.Empty);
    }

    [Test]
    public void FailuresLeakNothing()
    {
        Assert.That(() => Context.Allocate(Device.MaxAllocationBytes + 1, "too much"), Throws.TypeOf<DeviceOutOfMemoryException>());
        Assert.That(() => Context.Programs.Get(Add() with { Name = "Other" }).CreateKernel(), Throws.TypeOf<DeviceCallException>());
        Assert.That(Context.LiveObjects, Is.Empty);
    }

    [Test]
    public void ObjectsMayOutliveTheirContext()
    {
        OpenClContext context = NewContext();
        OpenClBuffer buffer = context.Allocate(16, "late");
        OpenClEvent marker = context.Mark();
        context.Dispose();
        buffer.Dispose();
        marker.Dispose();
        Assert.That(context.LiveObjects, Is.Empty);
        context.Dispose();
    }

    [Test]
    public void DisposedContextIsRefused()
    {
        OpenClContext context = NewContext();
        context.Dispose();
        Assert.That(context.Finish, Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => context.Allocate(16, "late"), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void ContextsCanBeCreatedRepeatedly()
    {
        for (int i = 0; i < 20; i++)
        {
            using OpenClContext context = NewContext(profiling: i % 2 == 0);
            using OpenClBuffer buffer = context.Allocate(64, "values");
            buffer.Write<int>([i]);
            Assert.That(Read<int>(buffer, 1), Is.EqualTo([i]));
        }
    }

    [Test]
    public void EventsHaveTimes()
    {
        using OpenClBuffer values = Context.Allocate(4 << 16, "values");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel();
        kernel.Set(0, values);
        kernel.Set(1, 0);
        kernel.Set(2, 1);
        using OpenClEvent first = kernel.LaunchTimed(new((1 << 16) / 16));
        using OpenClEvent second = kernel.LaunchTimed(new((1 << 16) / 16));
        second.Wait();
        Assert.That(first.IsComplete && second.IsComplete, Is.True);
        OpenClTimes a = first.Times(), b = second.Times();
        Assert.Multiple(() =>
        {
            Assert.That(a.Started, Is.GreaterThanOrEqualTo(a.Submitted));
            Assert.That(a.Submitted, Is.GreaterThanOrEqualTo(a.Queued));
            Assert.That(a.Duration, Is.GreaterThan(TimeSpan.Zero).And.LessThan(TimeSpan.FromMinutes(1)));
            Assert.That(b.Started, Is.GreaterThanOrEqualTo(a.Ended), "commands run in order");
        });
    }

    [Test]
    public void WithoutProfilingEventsHaveNoTimes()
    {
        using OpenClContext context = NewContext(profiling: false);
        using OpenClEvent marker = context.Mark();
        marker.Wait();
        Assert.That(() => marker.Times(), Throws.InvalidOperationException.With.Message.Contains("without profiling"));
    }
}
