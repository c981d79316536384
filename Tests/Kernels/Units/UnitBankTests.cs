using GpuCnn.Kernels.MatrixProduct;
using GpuCnn.Kernels.MatrixProduct.Units;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels.Units;

/// <summary>
/// What the threads of a warp access at once in shared memory lies on different banks: 32 of 4 bytes. Wider accesses are served in parts
/// of 128 bytes: 8 threads with 16 bytes each, or 16 with 8.
/// </summary>
public sealed class UnitBankTests
{
    /// <summary>A stage is copied to every place of the tile once.</summary>
    [Test]
    public void CopiesFallOnDifferentBanks(
        [Values(64, 128)] int lines, [Values] bool isAlong, [Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors)
    {
        var side = new UnitSide(lines, isAlong, factors);
        int[] places = [.. Enumerable.Range(0, side.Lines * UnitTile.Depth / 4)
            .Select(element => side.Place(element / side.RowRuns, element % side.RowRuns))];
        Assert.That(places.Order(), Is.EqualTo(Enumerable.Range(0, places.Length).Select(i => 4 * i)));
        foreach (int[] threads in places.Chunk(8)) AssertBanks(threads, 4);
    }

    [Test]
    public void FragmentsFallOnDifferentBanks(
        [Values(64, 128)] int lines, [Values] bool isAlong, [Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors)
    {
        var side = new UnitSide(lines, isAlong, factors);
        for (int line = 0; line < side.Lines; line += 16)
        {
            for (int step = 0; step < UnitTile.StepsOfStage; step++)
            {
                if (side is { IsAlong: true, IsBFloat16: false })
                {
                    foreach ((int steps, int further) in new[] { (0, 0), (4, 0), (0, 8), (4, 8) })
                        AssertBanks(Lanes(lane => side.Place32(8 * step + steps + lane % 4, line + further + lane / 4)), 1);
                    continue;
                }
                foreach (int[] matrix in Lanes(lane => UnitFragments.LeftPlace(side, lane, line, step)).Chunk(8)) AssertBanks(matrix, 4);
                foreach (int[] matrix in Lanes(lane => UnitFragments.RightPlace(side, lane, line, step)).Chunk(8)) AssertBanks(matrix, 4);
            }
        }
    }

    [TestCase(64)]
    [TestCase(128)]
    public void SpreadSumsFallOnDifferentBanks(int tileN)
    {
        foreach (int[] threads in Lanes(lane => UnitTile.PlaceOfPair(lane, tileN)).Chunk(16)) AssertBanks(threads, 2);
        foreach (int[] threads in Lanes(lane => lane * 4 / tileN * (tileN + UnitTile.Padding) + lane * 4 % tileN).Chunk(8))
            AssertBanks(threads, 4);
    }

    /// <summary>Sums fit where the stages were.</summary>
    [Test]
    public void SumsFitInTheStages([Values(FactorType.TF32, FactorType.BFloat16)] FactorType factors)
    {
        foreach (TileShape tile in TileShape.Of(factors))
            Assert.That(tile.M * (tile.N + UnitTile.Padding), Is.LessThanOrEqualTo(UnitTile.SharedFloats(tile.M, tile.N)), $"{tile}");
    }

    private static int[] Lanes(Func<int, int> place) => [.. Enumerable.Range(0, 32).Select(place)];

    private static void AssertBanks(int[] places, int floats) => Assert.That(
        places.SelectMany(place => Enumerable.Range(place, floats)).Select(place => place % 32), Is.Unique, string.Join(" ", places));
}
