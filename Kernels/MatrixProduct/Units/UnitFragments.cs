using GpuCnn.Kernels.Language;

namespace GpuCnn.Kernels.MatrixProduct.Units;

/// <summary>
/// Reads the fragments that matrix units take, as PTX lays them out over the lanes of a warp. A step is 8 floats of the reduction: 8 values
/// of TF32, 16 of bfloat16. Both have the same layout in floats.
/// Factors that are to be split are read as they are.
/// </summary>
internal static class UnitFragments
{
    /// <summary>Reads 16 lines of a step of the left tile in four registers.</summary>
    /// <param name="line">First line, a multiple of 16.</param>
    public static void LoadLeft(Registers<uint> to, View<float> tile, UnitSide side, int line, int step)
    {
        int lane = Warp.Lane;
        if (!side.IsAlong)
        {
            MatrixUnit.Load(to, tile, LeftPlace(side, lane, line, step));
            if (side.Factors == FactorType.TF32) Round(to);
        }
        else if (side.IsBFloat16)
        {
            MatrixUnit.LoadTransposed(to, tile, LeftPlace(side, lane, line, step));
        }
        else
        {
            int at = 8 * step + (lane & 3), own = line + (lane >> 2);
            to[0] = Factor(side, tile[side.Place32(at, own)]);
            to[1] = Factor(side, tile[side.Place32(at, own + 8)]);
            to[2] = Factor(side, tile[side.Place32(at + 4, own)]);
            to[3] = Factor(side, tile[side.Place32(at + 4, own + 8)]);
        }
    }

    /// <summary>Reads 16 lines of a step of the right tile in four registers: two fragments of 8 lines.</summary>
    /// <param name="line">First line, a multiple of 16.</param>
    public static void LoadRight(Registers<uint> to, View<float> tile, UnitSide side, int line, int step)
    {
        int lane = Warp.Lane;
        if (!side.IsAlong)
        {
            MatrixUnit.Load(to, tile, RightPlace(side, lane, line, step));
            if (side.Factors == FactorType.TF32) Round(to);
        }
        else if (side.IsBFloat16)
        {
            MatrixUnit.LoadTransposed(to, tile, RightPlace(side, lane, line, step));
        }
        else
        {
            int at = 8 * step + (lane & 3), own = line + (lane >> 2);
            to[0] = Factor(side, tile[side.Place32(at, own)]);
            to[1] = Factor(side, tile[side.Place32(at + 4, own)]);
            to[2] = Factor(side, tile[side.Place32(at, own + 8)]);
            to[3] = Factor(side, tile[side.Place32(at + 4, own + 8)]);
        }
    }

    /// <summary>Returns the index of the 16 bytes that a lane names to ldmatrix, for the left tile.</summary>
    public static int LeftPlace(UnitSide side, int lane, int line, int step) => side.IsAlong
        ? side.Place(16 * step + (lane & 7) + (lane >> 4 << 3), (line >> 3) + (lane >> 3 & 1))
        : side.Place(line + (lane & 15), 2 * step + (lane >> 4));

    /// <summary>Returns the index of the 16 bytes that a lane names to ldmatrix, for the right tile.</summary>
    public static int RightPlace(UnitSide side, int lane, int line, int step) => side.IsAlong
        ? side.Place(16 * step + (lane & 15), (line >> 3) + (lane >> 4))
        : side.Place(line + (lane & 7) + (lane >> 4 << 3), 2 * step + (lane >> 3 & 1));

    /// <summary>Returns a value as units take it, or the float itself if it is still to be split.</summary>
    public static uint Factor(UnitSide side, float value) =>
        side.Factors == FactorType.SplitTF32 ? Bits.ToUInt32(value) : MatrixUnit.ToTF32(value);

    public static void Round(Registers<uint> values)
    {
        values[0] = MatrixUnit.ToTF32(Bits.ToSingle(values[0]));
        values[1] = MatrixUnit.ToTF32(Bits.ToSingle(values[1]));
        values[2] = MatrixUnit.ToTF32(Bits.ToSingle(values[2]));
        values[3] = MatrixUnit.ToTF32(Bits.ToSingle(values[3]));
    }
}
