using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.Pointwise;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>Kernels for a function of one value that is known at run time: one of Kernels' own, or a user's.</summary>
public sealed unsafe class DispatchTests
{
    private static IEnumerable<Type> Functions => EveryFunction.Types.Append(typeof(Cubed)).Append(typeof(Line));

    [TestCaseSource(nameof(Functions))]
    public void ACpuKernelIsClosedForTheFunction(Type function)
    {
        ICpuKernel kernel = CpuPointwiseForward.Of(null, null, 8, Make(function));
        Assert.That(kernel, Is.TypeOf(typeof(CpuPointwiseForward<>).MakeGenericType(function)));
        Assert.That(kernel.Chunks, Is.EqualTo(new CpuPointwiseForward<Identity>(null, null, 8, default).Chunks));
    }

    [TestCaseSource(nameof(Functions))]
    public void AKernelIsLaunchedForTheFunction(Type function)
    {
        var launches = new Names();
        PointwiseForward.Launch(launches, false, false, default, default, 5000, Make(function));
        new MatrixProductLaunches(new() { M = 8, N = 8, K = 8 }).Launch(launches, default, default, null, default, default, Make(function));
        Assert.That(launches.All, Is.EqualTo(new[]
        {
            (typeof(PointwiseForward<>).MakeGenericType(function), new Size3(5)),
            (typeof(Gemm<>).MakeGenericType(function), new Size3(1, 1, 1)),
        }));
    }

    [Test]
    public void AUsersFunctionKeepsItsNumbers()
    {
        float[] x = Numbers.Reals(16, 1), y = new float[16];
        fixed (float* source = x, target = y) CpuPointwiseForward.Of(source, target, 16, new Line(0.5f, -2)).Run(0);
        Assert.That(y, Is.EqualTo(x.Select(value => float.FusedMultiplyAdd(0.5f, value, -2))));
    }

    /// <summary>ILGPU compiles it; the two dialects have no text of it.</summary>
    [Test]
    public void AUsersFunctionIsNotTranslated()
    {
        KernelText text = PointwiseForward<Cubed>.Text;
        Assert.That(text.Name, Is.EqualTo("PointwiseForward_GpuCnn_Tests_Kernels_DispatchTests_Cubed"));
        Assert.That(text.Entry, Is.Not.Null);
        Assert.That(text.IsCudaOnly, Is.False);
        Assert.That(Gemm<Cubed>.Text.HasBarriers);
        foreach (KernelDialect dialect in Enum.GetValues<KernelDialect>())
            Assert.That(() => text.In(dialect), Throws.TypeOf<NotSupportedException>().With.Message.EqualTo(
                "Kernel PointwiseForward is not translated for Cubed of GpuCnn.Tests: only for structs of its own project that "
                + "implement IPointwise and have no type parameters. It runs as C#, and on devices that compile it through ILGPU."));
    }

    [Test]
    public void AClassOrAStructOfReferencesIsRefused()
    {
        foreach (IPointwise function in new IPointwise[] { new Boxed(), new Named("f") })
            Assert.That(() => CpuPointwiseForward.Of(null, null, 8, function), Throws.ArgumentException.With.Message.StartsWith(
                $"CpuPointwiseForward expects a struct without references, but got {function.GetType().FullName}."));
    }

    private static IPointwise Make(Type function) => (IPointwise)Activator.CreateInstance(function)!;

    private sealed class Names : IKernelLaunches
    {
        public List<(Type, Size3)> All { get; } = [];

        public void Add<TKernel>(TKernel kernel, Size3 groups) where TKernel : struct, IKernel => All.Add((typeof(TKernel), groups));
    }

    public readonly struct Cubed : IPointwise
    {
        public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x * x * x;

        public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy;
    }

    public readonly struct Line(float slope, float start) : IPointwise
    {
        private readonly float _slope = slope, _start = start;

        public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => T.MultiplyAdd(T.Create(_slope), x, T.Create(_start));

        public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => T.Create(_slope) * dy;
    }

    private sealed class Boxed : IPointwise
    {
        public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x;

        public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy;
    }

    private readonly struct Named(string name) : IPointwise
    {
        public string Name => name;

        public T Forward<T>(T x) where T : unmanaged, IArithmetic<T> => x;

        public T Backward<T>(T y, T dy) where T : unmanaged, IArithmetic<T> => dy;
    }
}
