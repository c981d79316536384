namespace GpuCnn.Data.Demo;

/// <summary>
/// One class of the demo data set. Every class of this assembly that implements it is drawn: to add a class is to add a file.
/// </summary>
internal interface IDemoObject
{
    /// <summary>The class name, which is the folder's.</summary>
    string Name { get; }

    /// <summary>Draws the object in the box [-1, 1], standing on y = 0.85, in colours and details of its own.</summary>
    void Draw(Pen pen, ref RandomStream random);
}
