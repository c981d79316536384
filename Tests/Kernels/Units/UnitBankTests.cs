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
        [Values(64, 128)] int lines, [Values] bool isAlong,
        [Values(FactorType.TF32, FactorType.BFloat16, FactorType.AsyncFloat32)] FactorType factors)
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

    /// <summary>What lanes load to multiply by themselves; lanes that load the same place share the access.</summary>
    [Test]
    public void LoadsOfLanesFallOnDifferentBanks([Values(64, 128)] int lines, [Values] bool isAlong)
    {
        var side = new UnitSide(lines, isAlong, FactorType.AsyncFloat32);
        for (int index = 0; index < lines / 16; index++)
        {
            for (int step = 0; step < UnitTile.Depth; step += 4)
            {
                Check(lane => LaneProducts.PlaceOf(side, side.Row(lane, index), step));
                Check(lane => LaneProducts.PlaceOf(side, side.Column(lane, index), step));
                if (!isAlong) Check(lane => LaneProducts.PlaceOf(side, side.Column(lane, index) + 1, step));
            }
        }

        void Check(Func<int, int> place)
        {
            foreach (int[] lanes in Lanes(lane => place(lane) / 4 * 4).Chunk(8)) AssertBanks([.. lanes.Distinct()], 4);
        }
    }

    /// <summary>The lanes of a warp have each of its sums once, and the registers of each lane are its own.</summary>
    [Test]
    public void LanesHaveEachSumOnce(
        [Values(64, 128)] int lines, [Values] bool isAlong, [Values(FactorType.TF32, FactorType.AsyncFloat32)] FactorType factors)
    {
        var side = new UnitSide(lines, isAlong, factors);
        IEnumerable<int> all = Enumerable.Range(0, lines / 2);
        for (int other = 0; other < 4; other++)
        {
            int lane = other;
            Assert.That(
                from g in Enumerable.Range(0, 8) from index in Enumerable.Range(0, lines / 16) select side.Row(4 * g + lane, index),
                Is.EquivalentTo(all), "rows");
        }
        Assert.That(
            from lane in Enumerable.Range(0, 4)
            from pair in Enumerable.Range(0, lines / 16)
            from second in new[] { 0, 1 }
            select side.Column(lane, pair) + second,
            Is.EquivalentTo(all), "columns");
    }

    [TestCase(64)]
    [TestCase(128)]
    public void SpreadSumsFallOnDifferentBanks(int tileN)
    {
        var side = new UnitSide(tileN, true, FactorType.TF32);
        foreach (int[] threads in Lanes(lane => side.Row(lane, 0) * (tileN + UnitTile.Padding) + side.Column(lane, 0)).Chunk(16))
            AssertBanks(threads, 2);
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
