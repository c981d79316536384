using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.MatrixProduct.Units;

namespace GpuCnn.Kernels.Convolution.Gpu.Units;

/// <summary>
/// Copies gathered rows for matrix units. The reduction is one run of 16-byte loads over all taps, so that only the last stage may hold
/// zeros past the end. A load lies within a tap, because channels are whole loads. All loads of a thread belong to the same tap.
/// </summary>
internal struct UnitGather
{
    public GatherMap Map;

    /// <summary>Loads of 16 bytes that the channels of a tap take, and taps in a row: 1 if there are none.</summary>
    public Divisor RunsOfTap, TapsW;

    /// <summary>Columns of the source from one tap to the next.</summary>
    public int TapStep;

    public UnitGather(GatherMap map, int perLoad, int tapStep = 1)
    {
        TapStep = tapStep;
        Map = map;
        RunsOfTap = new(map.RunChannels / perLoad);
        TapsW = new(Math.Max(1, map.TapsW));
    }

    /// <summary>Number of values in the reduction.</summary>
    public readonly int Length => Map.TapsH * Map.TapsW * Map.RunChannels;

    /// <summary>Computes the row of taps, the tap in it, and the float of the tap at which a load starts.</summary>
    public readonly (int TapH, int TapW, int Channel) Position(int load)
    {
        int tap = RunsOfTap.Divide(load), tapH = TapsW.Divide(tap);
        return (tapH, tap - tapH * TapsW.Value, (load - tap * RunsOfTap.Value) << 2);
    }
}

/// <summary>Copies of gathered rows, and of a turned filter, to shared tiles.</summary>
internal static class UnitCopies
{
    /// <summary>Starts to copy a stage of gathered rows; zeros where the source has none.</summary>
    /// <param name="tile">[tileM lines][<see cref="UnitTile.Depth"/>]</param>
    /// <param name="sources">Of each row that the thread copies: the first float of the source pixel that its pixel maps to.</param>
    /// <param name="h">Row of that source pixel.</param>
    /// <param name="w">Column of that source pixel.</param>
    /// <param name="stage">Stages before this one.</param>
    [Unroll]
    public static void CopyRows(View<float> tile, ReadOnlyView<float> x, UnitSide side, UnitGather gather, Registers<int> sources,
        Registers<int> h, Registers<int> w, int stage)
    {
        (int tapH, int tapW, int channel) = gather.Position(stage * side.RowRuns + (ThreadId.X & 7));
        int downwards = gather.Map.Direction * tapH, across = gather.Map.Direction * tapW * gather.TapStep;
        int offset = (downwards * gather.Map.Grid.SourceW + across) * side.Floats(gather.Map.Grid.SourceChannels) + channel;
        bool exists = tapH < gather.Map.TapsH;
        for (int i = 0; i < 8; i++)
        {
            if (16 * i < side.Lines)
            {
                int row = 16 * i + (ThreadId.X >> 3);
                AsyncCopy.Copy4(
                    tile, side.Place(row, ThreadId.X & 7), x, sources[i] + offset,
                    exists && gather.Map.Grid.Contains(h[i] + downwards, w[i] + across));
            }
        }
    }

    /// <summary>Starts to copy a stage of a filter that is stored [columns][values] at each tap; zeros past the end.</summary>
    /// <param name="tile">[tileN lines][<see cref="UnitTile.Depth"/>]</param>
    /// <param name="column">First column of the tile.</param>
    /// <param name="stage">Stages before this one.</param>
    [Unroll]
    public static void CopyTurned(View<float> tile, ReadOnlyView<float> filter, UnitSide side, UnitGather gather, int column, int stage)
    {
        (int tapH, int tapW, int channel) = gather.Position(stage * side.RowRuns + (ThreadId.X & 7));
        int start = side.Floats(gather.Map.FilterStart + tapH * gather.Map.FilterStepH + tapW * gather.Map.FilterStepW) + channel;
        bool exists = tapH < gather.Map.TapsH;
        for (int i = 0; i < 8; i++)
        {
            if (16 * i < side.Lines)
            {
                int row = 16 * i + (ThreadId.X >> 3), at = column + row;
                AsyncCopy.Copy4(
                    tile, side.Place(row, ThreadId.X & 7), filter, start + at * side.Floats(gather.Map.FilterPitch),
                    exists && at < gather.Map.Columns);
            }
        }
    }
}
