using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Tests.Compiler;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

/// <summary>
/// ILGPU's translation of the most expensive kernels of a training step keeps tiles in registers and moves four floats at once.
/// </summary>
public sealed class IlgpuProductTextTests
{
    private static IEnumerable<TileShape> Tiles => TileShape.All;

    [TestCaseSource(nameof(Tiles))]
    public void MatrixProductsAreFast(TileShape tile)
    {
        AssertFast(ProductKernels.Matrix(tile, addBias: true), tile);
        AssertFast(ProductKernels.Matrix(tile, transposeA: true), tile);
        AssertFast(ProductKernels.Matrix(tile, transposeB: true), tile);
    }

    [TestCaseSource(nameof(Tiles))]
    public void ConvolutionsAreFast(TileShape tile)
    {
        AssertFast(ProductKernels.Forward(tile), tile);
        AssertFast(ProductKernels.FilterGradient(tile), tile);
    }

    private static void AssertFast<TKernel>(TKernel kernel, TileShape tile) where TKernel : struct, IKernel
    {
        string ptx = IlgpuText.Of(kernel, IlgpuLanguage.Ptx);
        Assert.Multiple(() =>
        {
            Assert.That(Clang.LocalAccesses(ptx), Is.Zero, "loads and stores of local memory");
            // Each step of the reduction loads its rows and columns in vectors of four.
            Assert.That(Count(ptx, "ld.shared.v4.f32"), Is.EqualTo(tile.K * (tile.PerM + tile.PerN) / 4), "vector loads of shared memory");
            Assert.That(Count(ptx, "fma.rn.f32"), Is.EqualTo(tile.K * tile.PerM * tile.PerN), "multiply-adds of a stage");
            Assert.That(Count(ptx, "ld.global.v4.f32"), Is.Positive, "vector loads");
            Assert.That(Count(ptx, "ld.global.f32"), Is.Zero, "scalar loads of floats");
            Assert.That(Count(ptx, "st.global.v4.f32"), Is.EqualTo(tile.PerM * tile.PerN / 4), "vector stores");
            Assert.That(Count(ptx, ".shared .align 16 "), Is.GreaterThanOrEqualTo(2), "shared tiles that are aligned to four floats");
        });
    }

    private static int Count(string ptx, string instruction) => ptx.Split(instruction).Length - 1;
}
