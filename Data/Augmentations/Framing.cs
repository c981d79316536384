namespace GpuCnn.Data;

/// <summary>
/// Which part of a picture is scaled to what size, and where it lies in the network's input; around it the input is black.
/// </summary>
public struct Framing
{
    public Scaling Scaling;

    /// <summary>The column of the input that the first scaled column is; below 0 where columns are cut off.</summary>
    public int Left;

    /// <summary>The row of the input that the first scaled row is; below 0 where rows are cut off.</summary>
    public int Top;

    /// <summary>Whether all of the input is mirrored left to right, at last.</summary>
    public bool IsMirrored;

    /// <summary>Whether the scaled part is all of an input of this size.</summary>
    public readonly bool Fills(int width, int height) => Left == 0 && Top == 0 && Scaling.Width == width && Scaling.Height == height;

    /// <summary>Whether pixels stay as they are.</summary>
    public readonly bool KeepsSize => Scaling.FullWidth == Scaling.Crop.Width && Scaling.FullHeight == Scaling.Crop.Height;
}
