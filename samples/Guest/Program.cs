return await Kata.Guest.GuestHost.RunAsync(args);
