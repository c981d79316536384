using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

public sealed class OpenClKernelTests : OpenClFixture
{
    [Test]
    public void VectorsAreAdded()
    {
        float[] a = [.. Enumerable.Range(0, 1000).Select(i => i * 0.5f)];
        float[] b = [.. Enumerable.Range(0, 1000).Select(i => i * -0.25f)];
        using OpenClBuffer left = Filled(a), right = Filled(b), sum = Context.Allocate(4 * 1024, "sum");
        using OpenClKernel kernel = Kernel("Sum", new(64), """
            __kernel void Sum(__global const float* a, __global const float* b, __global float* sum, int count) {
                int i = get_global_id(0);
                if (i < count) sum[i] = a[i] + b[i];
            }
            """);
        kernel.Set(0, left);
        kernel.Set(1, right);
        kernel.Set(2, sum);
        kernel.Set(3, 1000);
        kernel.Launch(new(16));
        Assert.That(Read<float>(sum, 1024), Is.EqualTo(a.Zip(b, (x, y) => x + y).Concat(new float[24])));
    }

    [Test]
    public void ElementOffsetSelectsAPart()
    {
        using OpenClBuffer arena = Context.Allocate(4 * 100, "arena");
        using OpenClKernel kernel = Context.Programs.Get(Add(8)).CreateKernel();
        kernel.Set(0, arena);
        kernel.Set(1, 37);
        kernel.Set(2, 5);
        kernel.Launch(new(2));
        Assert.That(Read<int>(arena, 100), Is.EqualTo(Enumerable.Range(0, 100).Select(i => i is >= 37 and < 53 ? 5 : 0)));
    }

    [TestCase(1, 1, 1)]
    [TestCase(2, 1, 1)]
    [TestCase(64, 1, 1)]
    [TestCase(256, 1, 1)]
    [TestCase(16, 16, 1)]
    [TestCase(4, 2, 8)]
    public void GroupsShareLocalMemoryAcrossBarriers(int x, int y, int z)
    {
        var group = new OpenClSize(x, y, z);
        int threads = (int)group.Count;
        var groups = new OpenClSize(3, 2, 2);
        using OpenClBuffer output = Context.Allocate(4 * threads * groups.Count, "output");
        using OpenClKernel kernel = Kernel("Turn", group, """
            __kernel void Turn(__global int* output) {
                __local int shared[256];
                int threads = get_local_size(0) * get_local_size(1) * get_local_size(2);
                int thread = (get_local_id(2) * get_local_size(1) + get_local_id(1)) * get_local_size(0) + get_local_id(0);
                int group = (get_group_id(2) * get_num_groups(1) + get_group_id(1)) * get_num_groups(0) + get_group_id(0);
                shared[thread] = group * 1000 + thread;
                barrier(CLK_LOCAL_MEM_FENCE);
                output[group * threads + thread] = shared[threads - 1 - thread];
            }
            """);
        kernel.Set(0, output);
        kernel.Launch(groups);
        IEnumerable<int> expected = Enumerable.Range(0, (int)groups.Count)
            .SelectMany(g => Enumerable.Range(0, threads).Select(t => g * 1000 + threads - 1 - t));
        Assert.That(Read<int>(output, threads * (int)groups.Count), Is.EqualTo(expected));
    }

    [Test]
    public void ArgumentsOfAllTypesArrive()
    {
        using OpenClBuffer output = Context.Allocate(32, "output");
        using OpenClKernel kernel = Kernel("All", new(1), """
            __kernel void All(__global long* output, int i, uint u, float f, long l) {
                output[0] = i; output[1] = u; output[2] = as_int(f); output[3] = l;
            }
            """);
        Assert.That(kernel.Arguments, Is.EqualTo(5));
        kernel.Set(0, output);
        kernel.Set(1, -3);
        kernel.Set(2, 4_000_000_000u);
        kernel.Set(3, -0.1f);
        kernel.Set(4, long.MinValue + 1);
        kernel.Launch(new(1));
        Assert.That(Read<long>(output, 4), Is.EqualTo([-3L, 4_000_000_000L, BitConverter.SingleToInt32Bits(-0.1f), long.MinValue + 1]));
    }

    [Test]
    public void ArgumentsStaySetBetweenLaunches()
    {
        using OpenClBuffer values = Context.Allocate(64, "values");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel(), other = Context.Programs.Get(Add()).CreateKernel();
        kernel.Set(0, values);
        kernel.Set(1, 0);
        kernel.Set(2, 1);
        other.Set(0, values);
        other.Set(1, 0);
        other.Set(2, 100);
        for (int i = 0; i < 3; i++) kernel.Launch(new(1));
        other.Launch(new(1));
        kernel.Set(2, 10);
        kernel.Launch(new(1));
        Assert.That(Read<int>(values, 16), Is.All.EqualTo(113));
    }

    [Test]
    public void SettingAndLaunchingAllocateNothing()
    {
        using OpenClBuffer values = Context.Allocate(64, "values");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel();
        int[] read = new int[16];
        long before = 0;
        for (int i = 0; i < 20; i++)
        {
            // The first rounds compile, here and in the driver, and save the program.
            if (i == 10) before = GC.GetAllocatedBytesForCurrentThread();
            kernel.Set(0, values);
            kernel.Set(1, 0);
            kernel.Set(2, 1);
            kernel.Launch(new(1));
            values.Read<int>(read);
            Context.Finish();
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(read, Is.All.EqualTo(20));
    }

    [Test]
    public void WrongArgumentIsNamedWithItsKernel()
    {
        using OpenClBuffer buffer = Context.Allocate(16, "buffer");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel();
        Assert.Multiple(() =>
        {
            Assert.That(() => kernel.Set(3, 1), Throws.TypeOf<DeviceCallException>()
                .With.Message.Contains("clSetKernelArg").And.Message.Contains("'Add' (argument 3 of 3, 4 bytes)")
                .And.Message.Contains("CL_INVALID_ARG_INDEX (-49)"));
            Assert.That(() => kernel.Set(-1, 1), Throws.TypeOf<DeviceCallException>());
            Assert.That(() => kernel.Set(1, 1L), Throws.TypeOf<DeviceCallException>().With.Message.Contains("CL_INVALID_ARG_SIZE (-51)"));
        });
    }

    [Test]
    public void UnsetOrDisposedArgumentStopsTheLaunch()
    {
        OpenClBuffer buffer = Context.Allocate(64, "buffer");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel();
        kernel.Set(0, buffer);
        kernel.Set(2, 1);
        Assert.That(() => kernel.Launch(new(1)), Throws.InvalidOperationException.With.Message.Contains("Argument 1 of kernel 'Add'"));
        kernel.Set(1, 0);
        buffer.Dispose();
        Assert.That(
            () => kernel.Launch(new(1)), Throws.TypeOf<ObjectDisposedException>().With.Message.Contains("Argument 0 of kernel 'Add'"));
    }

    [Test]
    public void BufferOfAnotherContextIsRefused()
    {
        using OpenClContext other = NewContext();
        using OpenClBuffer buffer = other.Allocate(16, "foreign");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel();
        using OpenClBuffer own = Context.Allocate(16, "own");
        Assert.That(() => kernel.Set(0, buffer), Throws.ArgumentException.With.Message.Contains("'foreign'"));
        Assert.That(() => own.CopyTo(buffer, 16), Throws.ArgumentException.With.Message.Contains("'foreign'"));
    }

    [TestCase(0, 1)]
    [TestCase(1, -1)]
    public void EmptyGridIsRefused(int x, int y)
    {
        using OpenClBuffer buffer = Context.Allocate(64, "buffer");
        using OpenClKernel kernel = Context.Programs.Get(Add()).CreateKernel();
        Assert.That(() => kernel.Launch(new(x, y)), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void TooLargeGroupIsRefused() =>
        Assert.That(() => Context.Programs.Get(Add(1 << 20)).CreateKernel(),
            Throws.TypeOf<DeviceUnavailableException>().With.Message.Contains("groups of 1048576 threads")
                .And.Message.Contains(Device.Name));

    [Test]
    public void BuildFailureHasLogAndDialect()
    {
        var source = new OpenClSource(
            "Broken", "__kernel void Broken(__global float* x) { x[0] = undeclared_name; }", new(8, 8), "-DSOME=1");
        KernelBuildException failure = Assert.Throws<KernelBuildException>(() => Context.Programs.Get(source))!;
        string firstLine = failure.Message.Split(Environment.NewLine)[0];
        Assert.Multiple(() =>
        {
            Assert.That(failure.Kernel, Is.EqualTo("Broken"));
            Assert.That(failure.Log, Does.Contain("undeclared_name"));
            Assert.That(failure.Message, Does.EndWith(failure.Log));
            Assert.That(
                firstLine,
                Does.Contain("'Broken' (groups of 8x8").And.Contain("-DSOME=1").And.Contain("CL_BUILD_PROGRAM_FAILURE (-11)"));
            Assert.That(failure.Dialect, Is.EqualTo(KernelDialect.OpenCl));
            Assert.That(Context.Programs.Builds, Is.Zero);
        });
    }

    [Test]
    public void UnknownOptionIsABuildFailure() =>
        Assert.That(() => Context.Programs.Get(Add(options: "--no-such-option")), Throws.TypeOf<KernelBuildException>());

    [Test]
    public void TextOfAnyLanguageIsPassedAsUtf8() =>
        RunAdd(Context, Add() with { Text = "// größer als π\n" + Add().Text });

    private OpenClKernel Kernel(string name, OpenClSize group, string text) =>
        Context.Programs.Get(new(name, text, group)).CreateKernel();
}
