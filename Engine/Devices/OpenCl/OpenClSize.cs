namespace GpuCnn.Engine.Devices.OpenCl;

/// <summary>Threads of a group, or groups of a grid, in up to three dimensions.</summary>
internal readonly record struct OpenClSize(int X, int Y = 1, int Z = 1)
{
    public long Count => (long)X * Y * Z;

    public bool IsPositive => X > 0 && Y > 0 && Z > 0;

    public override string ToString() => Z != 1 ? $"{X}x{Y}x{Z}" : Y != 1 ? $"{X}x{Y}" : $"{X}";
}
