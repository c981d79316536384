using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>The kernels that a training step spends its time in keep their tiles in registers, and move four floats at once.</summary>
public sealed class ProductTextTests
{
    private static IEnumerable<TileShape> Tiles => TileShape.All;

    [SetUp]
    public void NeedClang() => Clang.Require();

    [TestCaseSource(nameof(Tiles))]
    public void Gemm(TileShape tile) =>
        AssertFast(new Gemm(tile.M, tile.N, tile.K, tile.PerM, tile.PerN, false, false, true, true, true, true, false, default, default, default, default, default), tile);

    private static void AssertFast<TKernel>(TKernel kernel, TileShape tile) where TKernel : struct, IKernel
    {
        string ptx = Clang.PtxOf(kernel);
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            // Each step of the reduction reads the runs of four of its rows and columns.
            Assert.That(Count(ptx, "ld.shared.v4.f32"), Is.EqualTo(tile.K * (tile.PerM + tile.PerN) / 4), "vector loads of shared memory");
            Assert.That(Count(ptx, "fma.rn.f32"), Is.EqualTo(tile.K * tile.PerM * tile.PerN), "multiply-adds of a stage");
            Assert.That(Count(ptx, "ld.global.nc.v4.f32"), Is.Positive, "vector loads through the read-only cache");
            Assert.That(Count(ptx, "ld.global.nc.f32"), Is.Zero, "scalar loads");
            Assert.That(kernel.GroupShape.Count, Is.EqualTo(tile.Threads).And.LessThanOrEqualTo(256));
        });
    }

    private static int Count(string ptx, string instruction) => ptx.Split(instruction + " ").Length - 1;
}
