using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Kernels.Language;
using GpuCnn.Tests.Compiler.Samples;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.OpenCl;

/// <summary>Runs translated kernels on parts of buffers.</summary>
public sealed class OpenClArgumentsTests : OpenClFixture
{
    private const int Count = 20;

    /// <summary>Offsets are multiples of the element's size only.</summary>
    [TestCase(0, 400, 80)]
    [TestCase(4, 401, 84)]
    [TestCase(164, 333, 84)]
    public void ViewsAtOffsetsOfOneBuffer(int x, int half, int y)
    {
        float[] floats = [.. Enumerable.Range(0, Count).Select(i => i * 0.25f)];
        byte[] bytes = [.. Enumerable.Range(0, Count).Select(i => (byte)(i * 12))];
        using OpenClBuffer arena = Context.Allocate(512, "arena");
        arena.Write<float>(floats, x);
        arena.Write<byte>(bytes, half);
        var kernel = new OffsetNames(
            new(arena.Handle, x, Count), new(arena.Handle, half, Count), new(arena.Handle, y, Count), new(2, 0.5f), 3, Count);
        using OpenClKernel compiled = Compile(kernel);
        OpenClArguments.Bind(compiled, kernel);
        compiled.Launch(new(2));
        Assert.Multiple(() =>
        {
            Assert.That(Read<float>(arena, Count, y), Is.EqualTo(floats.Zip(bytes, (value, addend) => 2 * value + 0.5f + addend + 3)));
            Assert.That(Read<byte>(arena, Count, half), Is.EqualTo(bytes), "neighbours are unchanged");
        });
    }

    [Test]
    public void SecondBindingReplacesTheFirst()
    {
        using OpenClBuffer x = Filled(Enumerable.Repeat(1f, Count).ToArray(), "x");
        using OpenClBuffer y = Context.Allocate(4 * Count, "y"), z = Context.Allocate(4 * Count, "z");
        using OpenClKernel compiled = Compile(default(OffsetNames));
        foreach (OpenClBuffer target in (OpenClBuffer[])[y, z])
        {
            var shift = new OffsetNames(
                new(x.Handle, 0, Count), default, new(target.Handle, 0, Count), new(1, target == y ? 1 : 2), 0, Count);
            OpenClArguments.Bind(compiled, shift);
            compiled.Launch(new(2));
        }
        Assert.Multiple(() =>
        {
            Assert.That(Read<float>(y, Count), Is.All.EqualTo(2));
            Assert.That(Read<float>(z, Count), Is.All.EqualTo(3));
        });
    }

    [Test]
    public void ViewThatDoesNotFitIsRefused()
    {
        using OpenClBuffer arena = Context.Allocate(160, "arena");
        using OpenClKernel compiled = Compile(default(OffsetNames));
        OpenClBuffer gone = Context.Allocate(160, "gone");
        ReadOnlyView<float> disposed = new(gone.Handle, 0, 4);
        gone.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => Bind(new(arena.Handle, 2, 4)), Throws.ArgumentException.With.Message.EqualTo(
                "Argument 0 of kernel 'OffsetNames', a view of 4 Single at byte 2, must begin at a multiple of 4 bytes."));
            Assert.That(() => Bind(new(arena.Handle, 148, 4)), Throws.ArgumentException.With.Message.EqualTo(
                "Argument 0 of kernel 'OffsetNames', a view of 4 Single at byte 148, "
                + "lies outside of buffer 'arena', which has 160 bytes."));
            Assert.That(() => Bind(new(arena.Handle, -4, 4)), Throws.ArgumentException.With.Message.Contains("outside of buffer 'arena'"));
            Assert.That(() => Bind(new(arena.Handle, 80, 4)), Throws.ArgumentException.With.Message.Contains("overlaps another argument"));
            Assert.That(() => Bind(disposed), Throws.ArgumentException.With.Message.Contains("expects memory of a buffer in this context"));
            Assert.That(
                () => Bind(new(0, 0, 4)), Throws.ArgumentException.With.Message.Contains("expects memory of a buffer in this context"));
            Assert.That(() => Bind(new(arena.Handle, 144, 4)), Throws.Nothing);
        });

        void Bind(ReadOnlyView<float> x) =>
            OpenClArguments.Bind(compiled, new OffsetNames(x, default, new(arena.Handle, 64, 20), default, 0, 4));
    }

    [Test]
    public void ArgumentsOfAnotherKernelAreRefused()
    {
        using OpenClKernel compiled = Compile(default(OffsetNames));
        Assert.That(() => OpenClArguments.Bind(compiled, new AddInPlace(default, default)),
            Throws.ArgumentException.With.Message.StartsWith("Kernel 'OffsetNames' has 9 arguments, but AddInPlace hands over 4."));
    }

    private OpenClKernel Compile<TKernel>(TKernel kernel) where TKernel : struct, IKernel
    {
        Size3 group = kernel.GroupShape;
        var source = new OpenClSource(
            TKernel.Text.Name, KernelText.Source(kernel, KernelDialect.OpenCl), new(group.X, group.Y, group.Z));
        return Context.Programs.Get(source).CreateKernel();
    }
}
