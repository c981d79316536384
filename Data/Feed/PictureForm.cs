namespace GpuCnn.Data;

/// <summary>In which form pictures can be kept, so that what is made of them is the same as from their files.</summary>
internal enum PictureForm
{
    /// <summary>In the input's size: nothing that is drawn shows another part of the picture.</summary>
    Fitted,

    /// <summary>All of it, scaled to a fixed shorter side: what is drawn is a window of that.</summary>
    Scaled,

    /// <summary>As it was decoded.</summary>
    Whole,
}
